import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client } from '../../lib/client.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { emptyDraft, type FilterDraft, isIdTooShort } from './entry-filter.ts';
import { entryStates } from './entry-state.tsx';
import { entryTypes } from './entry-type.ts';

interface EntryFilterBarProps {
  draft: FilterDraft;
  onChange(draft: FilterDraft): void;
}

/** Narrows the table down by state, kind of work, model, gateway, days, and how a request's id begins. */
export function EntryFilterBar({ draft, onChange }: EntryFilterBarProps) {
  const { t } = useTranslation();
  const names = useNames();
  const all = { value: '', title: t('earnings.filter.all') } as const;
  const set = (part: Partial<FilterDraft>) => onChange({ ...draft, ...part });
  const isOn = Object.values(draft).some((value) => value !== '');
  const named = (values: readonly string[]) => [all, ...values.map((value) => ({ value, title: value }))];
  return (
    <fieldset
      aria-label={t('earnings.filter.title')}
      className="mb-3 grid grid-cols-2 items-end gap-2 min-[1000px]:grid-cols-4 min-[1300px]:grid-cols-[repeat(6,minmax(0,1fr))_auto]"
    >
      <SelectField
        label={t('earnings.state')}
        isCompact
        value={draft.state}
        options={[all, ...entryStates.map((value) => ({ value, title: t(`earnings.states.${value}`) }))]}
        onChoose={(state) => set({ state })}
      />
      <SelectField
        label={t('earnings.kind')}
        isCompact
        value={draft.type}
        options={[all, ...entryTypes.map((value) => ({ value, title: t(`earnings.types.${value}`) }))]}
        onChoose={(type) => set({ type })}
      />
      <SelectField
        label={t('earnings.model')}
        isCompact
        value={draft.model}
        options={named(names.models)}
        onChoose={(model) => set({ model })}
      />
      {names.gateways.length > 1 && (
        <SelectField
          label={t('earnings.gateway')}
          isCompact
          value={draft.gatewayUrl}
          options={named(names.gateways)}
          onChoose={(gatewayUrl) => set({ gatewayUrl })}
        />
      )}
      <Field
        label={t('earnings.filter.firstDay')}
        isCompact
        type="date"
        value={draft.firstDay}
        onChange={(event) => set({ firstDay: event.target.value })}
      />
      <Field
        label={t('earnings.filter.lastDay')}
        isCompact
        type="date"
        value={draft.lastDay}
        onChange={(event) => set({ lastDay: event.target.value })}
      />
      <Field
        label={t('earnings.filter.requestId')}
        isCompact
        type="search"
        spellCheck={false}
        value={draft.requestId}
        problem={isIdTooShort(draft) ? t('earnings.filter.tooShort') : null}
        onChange={(event) => set({ requestId: event.target.value })}
      />
      <Button size="small" className="mb-0.5" disabled={!isOn} onClick={() => onChange(emptyDraft)}>
        {t('earnings.filter.clear')}
      </Button>
    </fieldset>
  );
}

/** What there is to choose from, as of when the page was opened. */
function useNames(): { models: string[]; gateways: string[] } {
  const [names, setNames] = useState<{ models: string[]; gateways: string[] }>({ models: [], gateways: [] });
  useEffect(() => {
    void client.request('earnings.names', {}).then((answer) => answer.ok && setNames(answer.data));
  }, []);
  return names;
}
