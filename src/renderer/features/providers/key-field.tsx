import { useTranslation } from 'react-i18next';
import type { ProviderKind, ShownProvider } from '#contract/provider.ts';
import { Field } from '../../ui/field.tsx';

interface KeyFieldProps {
  kind: ProviderKind;
  provider: ShownProvider | null;
  /** Empty: as it is; null: taken away. */
  value: string | null;
  onChange(value: string | null): void;
}

/** A key is written here and never read back; of a stored one only the end is shown. */
export function KeyField({ kind, provider, value, onChange }: KeyFieldProps) {
  const { t } = useTranslation();
  const place = provider?.keyPlace ?? 'none';
  const isKept = place === 'keychain' || place === 'file';
  const hint =
    place === 'environment'
      ? t('providers.hint.keyEnvironment')
      : isKept
        ? t('providers.hint.keyKept', { end: provider?.keyEnd })
        : t(`providers.hint.${kind === 'ollama' || kind === 'openai-compatible' ? 'keyOptional' : 'key'}`);
  return (
    <div className="grid gap-1">
      <Field
        label={t('providers.field.key')}
        type="password"
        autoComplete="off"
        spellCheck={false}
        disabled={place === 'environment' || value === null}
        value={value ?? ''}
        hint={hint}
        onChange={(event) => onChange(event.target.value)}
      />
      {isKept && (
        <label className="flex items-center gap-2 text-xs">
          <input
            type="checkbox"
            className="size-3.5 accent-accent"
            checked={value === null}
            onChange={(event) => onChange(event.target.checked ? null : '')}
          />
          {t('providers.forgetKey')}
        </label>
      )}
    </div>
  );
}
