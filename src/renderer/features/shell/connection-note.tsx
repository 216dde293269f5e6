import { useTranslation } from 'react-i18next';
import { useConnection } from '../../lib/connection.ts';

/** Instead of the pages while there is nothing to show of the node. */
export function NoConnection() {
  const { t } = useTranslation();
  const isRefused = useConnection(({ state }) => state === 'refused');
  return (
    <main className="grid h-screen place-items-center p-6 text-center">
      <div className="max-w-md">
        <h1 className="text-lg font-semibold">{t(isRefused ? 'app.refused.title' : 'app.connecting')}</h1>
        {isRefused && <p className="mt-1 text-dim">{t('app.refused.text')}</p>}
      </div>
    </main>
  );
}

/** Over the pages when the node does not answer any more: what they show is old. */
export function LostNote() {
  const { t } = useTranslation();
  const isLost = useConnection(({ state }) => state === 'lost');
  if (!isLost) return null;
  return (
    <p
      role="alert"
      className="fixed inset-x-0 top-0 z-40 border-b border-warn/45 bg-panel px-4 py-1.5 text-center text-sm text-warn"
    >
      {t('app.lost')}
    </p>
  );
}
