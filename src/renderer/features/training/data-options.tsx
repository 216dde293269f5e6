import { useTranslation } from 'react-i18next';
import { type DataPreview, delimiters } from '#contract/training-data.ts';
import { Field } from '../../ui/field.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { placed } from './placed.ts';
import type { SourceDraft } from './source-draft.ts';

interface DataOptionsProps {
  draft: SourceDraft;
  /** What was found; null before the first reading. */
  preview: DataPreview | null;
  onChange(draft: SourceDraft): void;
}

/** How a source is read, where more than one way is possible. */
export function DataOptions({ draft, preview, onChange }: DataOptionsProps) {
  const { t } = useTranslation();
  const columns = preview?.columns ?? [];
  const dialect = preview?.dialect;
  const found = (what: string | undefined) => (what === undefined ? '' : t('training.data.found', { what }));
  if (draft.kind === 'json-lines')
    return (
      <div className="grid grid-cols-3 gap-x-3">
        {(['textField', 'featuresField', 'labelField'] as const).map((name) => (
          <Field
            key={name}
            label={t(`training.data.${name}`)}
            maxLength={200}
            autoComplete="off"
            spellCheck={false}
            value={draft[name]}
            onChange={(event) => onChange({ ...draft, [name]: event.target.value })}
          />
        ))}
      </div>
    );
  if (draft.kind !== 'csv') return null;
  const places = placed(columns).map(({ name, place }) => ({ value: String(place), title: name }));
  const column = (name: 'labelColumn' | 'textColumn', role: 'label' | 'text') => (
    <SelectField
      label={t(`training.data.${name}`)}
      hint={draft[name] === null ? found(columns.find((one) => one.role === role)?.name) : ''}
      value={draft[name] === null ? '' : String(draft[name])}
      options={[{ value: '', title: t('training.data.auto') }, ...places]}
      onChoose={(value) => onChange({ ...draft, [name]: value === '' ? null : Number(value) })}
    />
  );
  return (
    <>
      <div className="grid grid-cols-2 gap-x-3 gap-y-2">
        {column('labelColumn', 'label')}
        {column('textColumn', 'text')}
        <SelectField
          label={t('training.data.delimiter')}
          hint={
            draft.delimiter === 'auto' && dialect
              ? found(t(`training.data.delimiters.${names[dialect.delimiter]}`))
              : ''
          }
          value={draft.delimiter ?? 'auto'}
          options={[
            { value: 'auto' as const, title: t('training.data.auto') },
            ...delimiters.map((value) => ({ value, title: t(`training.data.delimiters.${names[value]}`) })),
          ]}
          onChoose={(delimiter) => onChange({ ...draft, delimiter })}
        />
        <SelectField
          label={t('training.data.header')}
          hint={
            draft.header === 'auto' && dialect
              ? found(t(`training.data.headers.${dialect.header ? 'yes' : 'no'}`))
              : ''
          }
          value={draft.header}
          options={(['auto', 'yes', 'no'] as const).map((value) => ({
            value,
            title: t(value === 'auto' ? 'training.data.auto' : `training.data.headers.${value}`),
          }))}
          onChoose={(header) => onChange({ ...draft, header })}
        />
      </div>
      <LeftOutColumns draft={draft} preview={preview} onChange={onChange} />
    </>
  );
}

/** Keys of the locale cannot be signs. */
const names = { ',': 'comma', ';': 'semicolon', '\t': 'tab', '|': 'bar' } as const;

const mostColumns = 40;

function LeftOutColumns({ draft, preview, onChange }: DataOptionsProps) {
  const { t } = useTranslation();
  const columns = preview?.columns ?? [];
  if (columns.length < 3 || columns.length > mostColumns) return null;
  return (
    <fieldset>
      <legend className="text-sm font-medium">{t('training.data.learnFrom')}</legend>
      <div className="mt-1 flex flex-wrap gap-x-4 gap-y-1 text-sm">
        {placed(columns).map(({ name, role, place }) => (
          <label key={place} className="flex min-w-0 items-center gap-1.5">
            <input
              type="checkbox"
              className="size-4 accent-accent focus-visible:outline-2 focus-visible:outline-accent"
              disabled={role === 'label'}
              checked={role === 'label' || !draft.leftOut.includes(place)}
              onChange={(event) =>
                onChange({
                  ...draft,
                  leftOut: event.target.checked
                    ? draft.leftOut.filter((one) => one !== place)
                    : [...draft.leftOut, place],
                })
              }
            />
            <span className="truncate">{name}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
