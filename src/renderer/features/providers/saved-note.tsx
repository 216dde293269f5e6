import { CircleCheck } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Result } from '#contract/result.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';

interface SavedNoteProps {
  /** What the provider said when it was asked for its models; null: it is switched off and was not asked. */
  test: Result<string[]> | null;
  onClose(): void;
  onEdit(): void;
}

/** What came of saving a provider. */
export function SavedNote({ test, onClose, onEdit }: SavedNoteProps) {
  const { t } = useTranslation();
  const isFailing = test?.ok === false;
  return (
    <div className="grid gap-4">
      <p role="status" className="flex items-start gap-2 text-sm">
        <CircleCheck size={16} aria-hidden className="mt-0.5 shrink-0 text-earn" />
        <span>
          {t('providers.saved')} {test?.ok && t('providers.found', { count: test.data.length })}
          {test === null && t('providers.savedOff')}
          {isFailing && t('providers.savedFailing')}
        </span>
      </p>
      {isFailing && <ErrorNote error={test.error} />}
      <div className="flex justify-end gap-2">
        <Button look={isFailing ? 'accent' : 'plain'} autoFocus={isFailing} onClick={onEdit}>
          {t('providers.editMore')}
        </Button>
        <Button look={isFailing ? 'plain' : 'accent'} autoFocus={!isFailing} onClick={onClose}>
          {t('providers.done')}
        </Button>
      </div>
    </div>
  );
}
