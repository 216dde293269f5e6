import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { Field } from './field.tsx';
import { OptionCard } from './option-card.tsx';

export interface NetworkDraft {
  kind: 'local' | 'gateway';
  url: string;
}

export const networkOf = ({ kind, url }: NetworkDraft) => (kind === 'local' ? { kind } : { kind, url });

/** Local test network or a gateway, and then which. The legend's look is the page's. */
export function NetworkChoice(props: {
  draft: NetworkDraft;
  legend: string;
  legendClass: string;
  className: string;
  onChange(draft: NetworkDraft): void;
}) {
  const { draft, onChange } = props;
  const { t } = useTranslation();
  const group = useId();
  return (
    <>
      <fieldset className={`grid gap-2 ${props.className}`}>
        <legend className={props.legendClass}>{props.legend}</legend>
        {(['local', 'gateway'] as const).map((kind) => (
          <OptionCard
            key={kind}
            group={group}
            title={t(`onboarding.network.${kind}`)}
            text={t(`onboarding.network.${kind}Text`)}
            checked={draft.kind === kind}
            onChoose={() => onChange({ ...draft, kind })}
          />
        ))}
      </fieldset>
      {draft.kind === 'gateway' && (
        <Field
          label={t('onboarding.network.url')}
          type="url"
          required
          value={draft.url}
          onChange={(event) => onChange({ ...draft, url: event.target.value })}
        />
      )}
    </>
  );
}
