import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { useAppInfo } from '../../lib/app-info.ts';
import { formatDuration } from '../../lib/format.ts';
import { type PageName, pages } from '../../lib/routes.ts';
import { useNow } from '../../lib/use-now.ts';
import { useSignal } from '../../lib/use-signal.ts';

/** The address names the page that is open, so this moves the focus and leaves the address. */
const skipToPage = () => document.getElementById('page')?.focus();

export function Rail({ page }: { page: PageName }) {
  const { t } = useTranslation();
  const serving = useSignal('node.serving');
  const models = useSignal('models.list');
  const proxy = useSignal('proxy.status');
  const training = useSignal('training.status')?.state;
  const counts: Partial<Record<PageName, string | number | undefined>> = {
    models: models?.length,
    providers: proxy?.providers.length || undefined,
    training: training?.state === 'training' ? `${Math.floor(training.progress * 100)} %` : undefined,
    queue: serving ? serving.running + serving.waiting || undefined : undefined,
  };
  return (
    <nav aria-label={t('app.pages')} className="flex flex-col gap-0.5 border-r border-line px-2.5 py-3.5">
      <button type="button" onClick={skipToPage} className="sr-only focus:not-sr-only">
        {t('app.skip')}
      </button>
      <p className="flex items-center gap-2 px-2.5 pt-1 pb-3.5 text-[15px] font-semibold">
        <span aria-hidden className="size-[18px] rounded-md bg-linear-135 from-accent to-earn" />
        {t('app.name')}
      </p>
      {pages.map((name) => (
        <a
          key={name}
          href={`#/${name}`}
          aria-current={name === page ? 'page' : undefined}
          className="flex justify-between rounded-lg px-2.5 py-[7px] text-dim hover:text-text focus-visible:outline-2 focus-visible:outline-accent aria-[current]:bg-panel-2 aria-[current]:font-medium aria-[current]:text-text"
        >
          {t(`app.page.${name}`)}
          <span className="text-xs">{counts[name]}</span>
        </a>
      ))}
      <Machine />
    </nav>
  );
}

/** The clock here goes by half minutes: shorter times would stand still. */
const upText = (upMs: number, t: TFunction) =>
  upMs < 60_000 ? t('app.upShort') : t('app.up', { time: formatDuration(upMs) });

function Machine() {
  const { t } = useTranslation();
  const info = useAppInfo();
  const status = useSignal('node.status');
  const now = useNow(30_000);
  const link = status?.link;
  const latency = link?.state === 'registered' && link.latencyMs !== null ? ` · ${link.latencyMs} ms` : '';
  return (
    <footer className="mt-auto min-h-20 border-t border-line px-2.5 pt-3 text-xs leading-[1.7] text-dim">
      <p className="truncate">{info ? `${info.machine} · v${info.version}` : '–'}</p>
      <p>
        {link ? t(`app.link.${link.state}`) : '–'}
        {latency}
      </p>
      <p>{status ? upText(now - status.startedAt, t) : '–'}</p>
    </footer>
  );
}
