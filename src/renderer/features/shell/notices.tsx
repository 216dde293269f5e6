import { X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { dismissNotice, useNotices } from '../../lib/act.ts';
import { ErrorNote } from '../../ui/error-note.tsx';
import { ToldNotices } from './told-notices.tsx';

/** What could not be done, in the corner until it is dismissed. */
export function Notices() {
  const { t } = useTranslation();
  const notices = useNotices((state) => state.notices);
  return (
    <div className="fixed right-5 bottom-5 z-50 grid w-96 max-w-[calc(100vw-3rem)] gap-2">
      <ToldNotices />
      {notices.map(({ id, error }) => (
        <div key={id} className="relative rounded-lg bg-panel shadow-lg">
          <ErrorNote error={error} />
          <button
            type="button"
            aria-label={t('app.dismiss')}
            onClick={() => dismissNotice(id)}
            className="absolute top-1.5 right-1.5 cursor-pointer rounded-lg p-1.5 text-dim hover:text-text focus-visible:outline-2 focus-visible:outline-accent"
          >
            <X size={16} aria-hidden />
          </button>
        </div>
      ))}
    </div>
  );
}
