import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ErrorBody } from '#contract/result.ts';
import type { NetworkSetting } from '#contract/settings.ts';
import { client } from '../../lib/client.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { NetworkChoice, type NetworkDraft, networkOf } from '../../ui/network-choice.tsx';

/** Which gateway the node works for; a gateway's address is tried before it is stored. */
export function NetworkSettingRow({ value }: { value: NetworkSetting }) {
  const { t } = useTranslation();
  const stored = value.kind === 'gateway' ? value.url : 'http://';
  const [draft, setDraft] = useState<NetworkDraft>({ kind: value.kind, url: stored });
  const [error, setError] = useState<ErrorBody | null>(null);
  const [busy, setBusy] = useState(false);
  const isChanged = draft.kind !== value.kind || (draft.kind === 'gateway' && draft.url !== stored);

  const save = async () => {
    setBusy(true);
    const network = networkOf(draft);
    const check =
      network.kind === 'local' ? null : await client.request('network.check', { url: network.url });
    const result = check?.ok === false ? check : await client.request('settings.update', { network });
    setError(result.ok ? null : result.error);
    setBusy(false);
  };
  return (
    <form
      className="grid gap-2 border-t border-line py-3"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <NetworkChoice
        draft={draft}
        legend={t('settings.network.title')}
        legendClass="mb-2 font-medium"
        className="sm:grid-cols-2"
        onChange={setDraft}
      />
      {error && <ErrorNote error={error} />}
      {isChanged && (
        <div className="flex justify-end">
          <Button type="submit" look="accent" size="small" disabled={busy}>
            {t('settings.network.save')}
          </Button>
        </div>
      )}
    </form>
  );
}
