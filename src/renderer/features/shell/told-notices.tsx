import { BadgeCheck, TriangleAlert, X } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { assetName } from '#contract/assets.ts';
import type { Notice } from '#contract/notice.ts';
import { isDesktop } from '../../lib/client.ts';
import { useSignal } from '../../lib/use-signal.ts';

const storageKey = 'notices.read';
const mostKept = 100;
const mostShown = 3;

/** What the host tells, in the corner of a browser's page until it is dismissed; the desktop app has the system tell it. */
export function ToldNotices() {
  const { t } = useTranslation();
  const notices = useSignal('notices') ?? [];
  const [read, setRead] = useState(readIds);
  if (isDesktop) return null;
  const dismiss = (id: string) => {
    const next = [...read, id].slice(-mostKept);
    setRead(next);
    localStorage.setItem(storageKey, JSON.stringify(next));
  };
  return notices
    .filter(({ id }) => !read.includes(id))
    .slice(-mostShown)
    .map((notice) => (
      <div
        key={notice.id}
        role="status"
        className="relative flex items-start gap-3 rounded-lg border border-line bg-panel p-3 pr-9 text-sm shadow-lg"
      >
        {notice.kind === 'dispute' ? (
          <TriangleAlert size={16} className="mt-0.5 shrink-0 text-bad" aria-hidden />
        ) : (
          <BadgeCheck size={16} className="mt-0.5 shrink-0 text-earn" aria-hidden />
        )}
        <p className="min-w-0">
          <strong className="font-medium">{t(`notices.${notice.kind}.title`)}</strong>
          <br />
          <span className="text-dim">{t(`notices.${notice.kind}.text`, valuesOf(notice, t))}</span>
        </p>
        <button
          type="button"
          aria-label={t('app.dismiss')}
          onClick={() => dismiss(notice.id)}
          className="absolute top-1.5 right-1.5 cursor-pointer rounded-lg p-1.5 text-dim hover:text-text focus-visible:outline-2 focus-visible:outline-accent"
        >
          <X size={16} aria-hidden />
        </button>
      </div>
    ));
}

const valuesOf = ({ amount, unit, count }: Notice, t: (key: string) => string) => ({
  amount: amount ?? '',
  unit: unit === 'test-credits' ? t('notices.testCredits') : unit === null ? '' : assetName(unit),
  count,
});

/** Ids that were dismissed in this browser. */
function readIds(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '[]');
    return Array.isArray(stored) ? stored.filter((id) => typeof id === 'string') : [];
  } catch {
    return [];
  }
}
