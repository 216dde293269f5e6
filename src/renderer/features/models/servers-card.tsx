import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type FoundServer, type RemoteServer, remoteServerKinds } from '#contract/remote-server.ts';
import type { ErrorBody } from '#contract/result.ts';
import { client } from '../../lib/client.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Field } from '../../ui/field.tsx';

const emptyServer: RemoteServer = { kind: 'vllm', url: 'http://127.0.0.1:8000', model: '' };

/** Models that other programs serve: found on this computer, or given by address. */
export function ServersCard() {
  const { t } = useTranslation();
  const known = useSignal('servers.list') ?? [];
  const [found, setFound] = useState<FoundServer[] | null>(null);
  const [error, setError] = useState<ErrorBody | null>(null);
  const [draft, setDraft] = useState<RemoteServer>(emptyServer);
  const [busy, setBusy] = useState(false);

  const add = async (server: RemoteServer) => {
    setBusy(true);
    const result = await client.request('servers.add', server);
    setBusy(false);
    setError(result.ok ? null : result.error);
    if (result.ok) setDraft(emptyServer);
  };
  const find = async () => {
    setBusy(true);
    const result = await client.request('servers.find', {});
    setBusy(false);
    setError(result.ok ? null : result.error);
    if (result.ok) setFound(result.data);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void add(draft);
  };
  const canStart = draft.kind === 'vllm' || draft.kind === 'tensorrt-llm';
  return (
    <Card title={t('models.servers.title')}>
      <p className="mb-3 text-sm text-dim">{t('models.servers.text')}</p>
      {error && <ErrorNote error={error} />}
      <div className="mb-3 flex flex-wrap items-center gap-3">
        <Button disabled={busy} onClick={find}>
          {t('models.servers.find')}
        </Button>
        {found?.length === 0 && <span className="text-sm text-dim">{t('models.servers.none')}</span>}
      </div>
      <ul className="grid gap-2">
        {found?.flatMap(({ kind, url, models }) =>
          models.map((model) => {
            const isKnown = known.some((server) => server.url === url && server.model === model);
            return (
              <li key={url + model} className="flex flex-wrap items-center gap-3">
                <span className="font-medium">{model}</span>
                <span className="text-xs text-dim">
                  {t(`models.servers.kind.${kind}`)} · {new URL(url).host}
                </span>
                <span className="grow" />
                <Button size="small" disabled={busy || isKnown} onClick={() => add({ kind, url, model })}>
                  {t(isKnown ? 'models.servers.added' : 'models.servers.add')}
                </Button>
              </li>
            );
          }),
        )}
      </ul>
      <form className="mt-4 grid gap-x-4 border-t border-line pt-4 sm:grid-cols-2" onSubmit={submit}>
        <label className="grid content-start gap-1 text-sm font-medium">
          {t('models.servers.kindLabel')}
          <select
            className="rounded-lg border border-line bg-ground px-3 py-1.5 text-sm font-normal focus-visible:outline-2 focus-visible:outline-accent"
            value={draft.kind}
            onChange={(event) => setDraft({ ...draft, kind: event.target.value as RemoteServer['kind'] })}
          >
            {remoteServerKinds.map((kind) => (
              <option key={kind} value={kind}>
                {t(`models.servers.kind.${kind}`)}
              </option>
            ))}
          </select>
        </label>
        <Field
          label={t('models.servers.url')}
          type="url"
          required
          value={draft.url}
          onChange={(event) => setDraft({ ...draft, url: event.target.value })}
        />
        <Field
          label={t('models.servers.model')}
          hint={t('models.servers.modelHint')}
          required
          spellCheck={false}
          value={draft.model}
          onChange={(event) => setDraft({ ...draft, model: event.target.value })}
        />
        <Field
          label={t('models.servers.key')}
          type="password"
          autoComplete="off"
          value={draft.apiKey ?? ''}
          onChange={({ target: { value } }) => {
            const { apiKey: _, ...rest } = draft;
            setDraft(value === '' ? rest : { ...rest, apiKey: value });
          }}
        />
        <label className="flex items-center gap-2 text-sm">
          <input
            type="checkbox"
            className="size-4 accent-accent"
            disabled={!canStart}
            checked={canStart && draft.managed === true}
            onChange={(event) => setDraft({ ...draft, managed: event.target.checked })}
          />
          {t('models.servers.managed')}
        </label>
        <div className="flex justify-end">
          <Button type="submit" look="accent" disabled={busy || draft.model.trim() === ''}>
            {t('models.servers.add')}
          </Button>
        </div>
      </form>
    </Card>
  );
}
