import { Pause, Play, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Download } from '#contract/download.ts';
import { act } from '../../lib/act.ts';
import { formatBytes, formatDuration } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { ProgressBar } from '../../ui/progress-bar.tsx';

/** Downloads that run, wait or were interrupted. */
export function DownloadsCard({ downloads }: { downloads: readonly Download[] }) {
  const { t } = useTranslation();
  const open = downloads.filter(({ state }) => state.state !== 'done');
  if (open.length === 0) return null;
  return (
    <Card title={t('models.downloads.title')}>
      <ul className="grid gap-4">
        {open.map((download) => (
          <DownloadRow key={download.id} download={download} />
        ))}
      </ul>
    </Card>
  );
}

function DownloadRow({ download }: { download: Download }) {
  const { t } = useTranslation();
  const { id, name, receivedBytes, totalBytes, state } = download;
  const goesOn = state.state === 'running' || state.state === 'asking' || state.state === 'waiting';
  return (
    <li className="grid gap-1.5">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="font-medium">{name}</span>
        <span className="text-xs text-dim">{stateText(download, t)}</span>
        <span className="grow" />
        {goesOn ? (
          <Button size="small" onClick={() => act('downloads.pause', { id })}>
            <Pause size={13} aria-hidden /> {t('models.downloads.pause')}
          </Button>
        ) : (
          <Button size="small" onClick={() => act('downloads.start', { id })}>
            <Play size={13} aria-hidden /> {t('models.downloads.resume')}
          </Button>
        )}
        <Button size="small" onClick={() => act('downloads.cancel', { id })}>
          <X size={13} aria-hidden /> {t('models.downloads.cancel')}
        </Button>
      </div>
      <ProgressBar label={name} value={receivedBytes} max={totalBytes ?? Math.max(1, receivedBytes)} />
      {state.state === 'failed' && <ErrorNote error={state.error} />}
    </li>
  );
}

function stateText(
  { state, receivedBytes, totalBytes }: Download,
  t: ReturnType<typeof useTranslation>['t'],
) {
  const size =
    totalBytes === null
      ? formatBytes(receivedBytes)
      : `${formatBytes(receivedBytes)} / ${formatBytes(totalBytes)}`;
  if (state.state !== 'running') return `${t(`models.downloads.${state.state}`)} · ${size}`;
  const speed = `${formatBytes(state.bytesPerSecond)}/s`;
  const left =
    state.secondsLeft === null
      ? ''
      : ` · ${t('models.downloads.left', { time: formatDuration(state.secondsLeft * 1000) })}`;
  return `${size} · ${speed}${left}`;
}
