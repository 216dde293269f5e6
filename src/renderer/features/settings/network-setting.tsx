import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ErrorBody } from '#contract/result.ts';
import type { NetworkSetting } from '#contract/settings.ts';
import { client } from '../../lib/client.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Field } from '../../ui/field.tsx';
import { OptionCard } from '../../ui/option-card.tsx';

/** Which gateway the node works for; a gateway's address is tried before it is stored. */
export function NetworkSettingRow({ value }: { value: NetworkSetting }) {
  const { t } = useTranslation();
  const group = useId();
  const [kind, setKind] = useState(value.kind);
  const [url, setUrl] = useState(value.kind === 'gateway' ? value.url : 'http://');
  const [error, setError] = useState<ErrorBody | null>(null);
  const [busy, setBusy] = useState(false);
  const isChanged = kind !== value.kind || (value.kind === 'gateway' && url !== value.url);

  const save = async () => {
    setBusy(true);
    const network: NetworkSetting = kind === 'local' ? { kind } : { kind, url };
    const check = network.kind === 'local' ? null : await client.request('network.check', { url });
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
      <fieldset className="grid gap-2 sm:grid-cols-2">
        <legend className="mb-2 font-medium">{t('settings.network.title')}</legend>
        {(['local', 'gateway'] as const).map((option) => (
          <OptionCard
            key={option}
            group={group}
            title={t(`onboarding.network.${option}`)}
            text={t(`onboarding.network.${option}Text`)}
            checked={kind === option}
            onChoose={() => setKind(option)}
          />
        ))}
      </fieldset>
      {kind === 'gateway' && (
        <Field
          label={t('onboarding.network.url')}
          type="url"
          required
          value={url}
          onChange={(event) => setUrl(event.target.value)}
        />
      )}
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
