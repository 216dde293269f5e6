import { useTranslation } from 'react-i18next';
import type { ErrorBody } from '#contract/result.ts';
import { act } from '../../lib/act.ts';
import { useConnection } from '../../lib/connection.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { ProgressBar } from '../../ui/progress-bar.tsx';

/** Instead of the pages while there is nothing to show of the node. */
export function NoConnection() {
  const { t } = useTranslation();
  const host = useSignal('shell.host');
  const isRefused = useConnection(({ state }) => state === 'refused');
  const progress = host?.state === 'starting' ? host.ledgerProgress : null;
  const title = isRefused
    ? 'app.refused.title'
    : progress !== null
      ? 'app.host.preparing'
      : host
        ? 'app.host.starting'
        : 'app.connecting';
  return (
    <main className="grid h-screen place-items-center p-6 text-center">
      <div className="max-w-md">
        <h1 className="text-lg font-semibold">{t(title)}</h1>
        {isRefused && <p className="mt-1 text-dim">{t('app.refused.text')}</p>}
        {progress !== null && (
          <>
            <p className="mt-1 text-dim">{t('app.host.preparingText')}</p>
            <div className="mt-4">
              <ProgressBar label={t('app.host.preparing')} value={progress} max={1} />
            </div>
            <p className="mt-1 text-sm text-dim tabular-nums">{Math.floor(progress * 100)} %</p>
          </>
        )}
      </div>
    </main>
  );
}

/** Instead of the pages while the desktop app's node host cannot run: why, and what to do. */
export function HostFailed({ error }: { error: ErrorBody }) {
  const { t } = useTranslation();
  return (
    <main className="grid h-screen place-items-center p-6">
      <div className="grid w-full max-w-lg gap-4">
        <h1 className="text-lg font-semibold">{t('app.host.failed')}</h1>
        <ErrorNote error={error} />
        <div className="flex gap-2">
          <Button look="accent" onClick={() => void act('shell.startHost', {})}>
            {t('app.host.tryAgain')}
          </Button>
          <Button onClick={() => void act('shell.openDataFolder', {})}>{t('app.host.openDataFolder')}</Button>
        </div>
      </div>
    </main>
  );
}

/** Over the pages while the node does not answer: what they show is old. */
export function LostNote() {
  const { t } = useTranslation();
  const host = useSignal('shell.host');
  const isLost = useConnection(({ state }) => state === 'lost');
  const isRestarting = host !== undefined && host.state !== 'running';
  if (!isLost && !isRestarting) return null;
  return (
    <p
      role="alert"
      className="fixed inset-x-0 top-0 z-40 border-b border-warn/45 bg-panel px-4 py-1.5 text-center text-sm text-warn"
    >
      {t(isRestarting ? 'app.host.restarting' : 'app.lost')}
    </p>
  );
}
