import { TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Allowance, SharePreview } from '#contract/hybrid.ts';
import { formatAmount, type ShownUnit } from '../../lib/amount.ts';
import { formatBytes, formatMbps } from '../../lib/format.ts';

interface SharePreviewViewProps {
  preview: SharePreview | null;
  sharePercent: number;
  unit: ShownUnit;
}

/** What a position of the slider brings and costs: each kind's threads, memory and earnings. */
export function SharePreviewView({ preview, sharePercent, unit }: SharePreviewViewProps) {
  const { t } = useTranslation();
  return (
    <div className="mt-1.5">
      <p className="min-h-5 text-sm">{preview ? arrangementText(preview, sharePercent, t) : '–'}</p>
      <dl className="mt-2 grid grid-cols-2 gap-x-4">
        {(['serving', 'training'] as const).map((kind) => (
          <div key={kind} className="min-w-0 rounded-lg bg-panel-2 px-3 py-2">
            <dt className="flex items-center gap-1.5 text-xs text-dim">
              <span
                aria-hidden
                className={`size-2 rounded-sm ${kind === 'serving' ? 'bg-accent' : 'bg-info'}`}
              />
              {t(`hybrid.${kind}`)}
            </dt>
            <dd className="font-medium">{earnedText(preview, kind, unit, t)}</dd>
            <dd className="text-xs text-dim">{preview ? takesText(allowanceOf(preview, kind), t) : '–'}</dd>
          </div>
        ))}
      </dl>
      <div className="mt-2 min-h-4 text-xs">
        {preview?.obstacle && (
          <p className="flex gap-1.5 text-warn">
            <TriangleAlert size={14} aria-hidden className="mt-px shrink-0" />
            {preview.obstacle}
          </p>
        )}
        {preview && preview.unloads.length > 0 && (
          <p className="text-dim">{t('hybrid.unloads', { names: preview.unloads.join(', ') })}</p>
        )}
      </div>
    </div>
  );
}

type Kind = 'serving' | 'training';
type Translate = ReturnType<typeof useTranslation>['t'];

const allowanceOf = ({ allowance }: SharePreview, kind: Kind): Allowance =>
  kind === 'serving' ? allowance.inference : allowance.training;

function arrangementText(preview: SharePreview, sharePercent: number, t: Translate): string {
  if (sharePercent === 0 || sharePercent === 100) return t(`hybrid.arrangement.at${sharePercent}`);
  return t(`hybrid.arrangement.${preview.arrangement}`, { percent: preview.trainingSharePercent });
}

function earnedText(preview: SharePreview | null, kind: Kind, unit: ShownUnit, t: Translate): string {
  const lamports = kind === 'serving' ? preview?.inferenceLamportsPerHour : preview?.trainingLamportsPerHour;
  return lamports == null
    ? t('hybrid.earnsUnknown', { unit: unit.name })
    : t('hybrid.earns', { amount: formatAmount(lamports, unit), unit: unit.name });
}

function takesText({ threads, ramBytes, gpuBytes, networkMbps }: Allowance, t: Translate): string {
  const parts = [t('hybrid.threads', { count: threads }), formatBytes(ramBytes)];
  if (gpuBytes > 0) parts.push(t('hybrid.onGpu', { size: formatBytes(gpuBytes) }));
  if (networkMbps !== undefined) parts.push(formatMbps(networkMbps).replace(' ', '\u00a0'));
  return parts.join(' · ');
}
