import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ErrorBody } from '#contract/result.ts';
import type { TaskView } from '#contract/training.ts';
import type { DataPreview } from '#contract/training-data.ts';
import { client } from '../../lib/client.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Field } from '../../ui/field.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { DataOptions } from './data-options.tsx';
import { DataPreviewView } from './data-preview.tsx';
import { factsText } from './data-words.ts';
import { PathChoice } from './path-choice.tsx';
import { emptyDraft, nameFor, type SourceDraft, sourceOf } from './source-draft.ts';
import { usePreview } from './use-preview.ts';

/** Adds local data: where they lie, how they are read, what was found in them, and a name. */
export function DataForm({ tasks, onDone }: { tasks: readonly TaskView[]; onDone(): void }) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState<SourceDraft>(emptyDraft);
  const [name, setName] = useState<string | null>(null);
  const [taskId, setTaskId] = useState('');
  const [error, setError] = useState<ErrorBody | null>(null);
  const [busy, setBusy] = useState(false);
  const source = sourceOf(draft);
  const { answer, isReading } = usePreview(source, taskId === '' ? null : taskId);
  const preview = answer?.ok ? answer.data : null;
  const shownName = name ?? nameFor(draft.path.trim());

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (source === null) return;
    setBusy(true);
    const result = await client.request('training.addData', { name: shownName.trim(), source });
    setBusy(false);
    setError(result.ok ? null : result.error);
    if (result.ok) onDone();
  };
  return (
    <form onSubmit={submit} className="grid gap-3">
      <PathChoice draft={draft} onChange={setDraft} onError={setError} />
      <DataOptions draft={draft} preview={preview} onChange={setDraft} />
      {tasks.length > 0 && (
        <SelectField
          label={t('training.data.checkFor')}
          hint={t('training.data.checkHint')}
          value={taskId}
          options={[
            { value: '', title: t('training.data.noTask') },
            ...tasks.map((task) => ({ value: task.taskId, title: task.name })),
          ]}
          onChoose={setTaskId}
        />
      )}
      <section aria-label={t('training.data.preview')} className="grid gap-3 border-t border-line pt-3">
        <ReadingLine hasSource={source !== null} isReading={isReading} preview={preview} />
        {answer?.ok === false && !isReading && <ErrorNote error={answer.error} />}
        {preview && <DataPreviewView preview={preview} />}
      </section>
      {error && <ErrorNote error={error} />}
      <div className="border-t border-line pt-3">
        <Field
          label={t('training.data.name')}
          hint={t('training.data.nameHint')}
          maxLength={200}
          autoComplete="off"
          value={shownName}
          onChange={(event) => setName(event.target.value)}
        />
        <div className="mt-1 flex justify-end gap-2">
          <Button onClick={onDone}>{t('training.data.cancel')}</Button>
          <Button
            type="submit"
            look="accent"
            disabled={busy || isReading || !preview || shownName.trim() === ''}
          >
            {t('training.data.addIt')}
          </Button>
        </div>
      </div>
    </form>
  );
}

interface ReadingLineProps {
  hasSource: boolean;
  isReading: boolean;
  preview: DataPreview | null;
}

/** What is being done, or what was found; empty where an error says it. */
function ReadingLine({ hasSource, isReading, preview }: ReadingLineProps) {
  const { t } = useTranslation();
  if (!hasSource) return <p className="text-sm text-dim">{t('training.data.pickFirst')}</p>;
  return (
    <p role="status" className={`text-sm empty:-mb-3 ${isReading ? 'text-dim' : 'font-medium'}`}>
      {isReading ? t('training.data.reading') : preview && factsText(preview.facts, t)}
    </p>
  );
}
