import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Week } from '#contract/manners.ts';
import type { ErrorBody } from '#contract/result.ts';
import type { Settings } from '#contract/settings.ts';
import { client } from '../../lib/client.ts';
import { useNow } from '../../lib/use-now.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Segments } from '../../ui/segments.tsx';
import { CopyDay } from './copy-day.tsx';
import { type Layer, ScheduleGrid } from './schedule-grid.tsx';
import { presetNames, presetOf, presets, storedWeek } from './schedule-week.ts';
import { nowText, weekText } from './schedule-words.ts';

const fieldOf = { compute: 'computeSchedule', network: 'networkSchedule' } as const;

/** When the node may compute and use the network: a week of half hours to paint, for each of both. */
export function ScheduleCard({ settings }: { settings: Settings }) {
  const { t } = useTranslation();
  const now = useNow(15_000);
  const [layer, setLayer] = useState<Layer>('compute');
  const [before, setBefore] = useState<Record<Layer, Week | null>>({ compute: null, network: null });
  const [pending, setPending] = useState<{ layer: Layer; week: Week } | null>(null);
  const [error, setError] = useState<ErrorBody | null>(null);
  const weekOf = (which: Layer) =>
    pending?.layer === which ? pending.week : (settings[fieldOf[which]] ?? presets.always);
  const week = weekOf(layer);
  const otherLayer = layer === 'compute' ? 'network' : 'compute';
  const preset = presetOf(week);
  const undone = before[layer];

  const store = async (next: Week, undo: Week | null) => {
    setPending({ layer, week: next });
    setBefore({ ...before, [layer]: undo });
    const result = await client.request('settings.update', { [fieldOf[layer]]: storedWeek(next) });
    setError(result.ok ? null : result.error);
    setPending((mine) => (mine?.week === next ? null : mine));
  };
  return (
    <Card>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <Segments
          label={t('manners.layer')}
          value={layer}
          onChange={setLayer}
          options={(['compute', 'network'] as const).map((value) => ({
            value,
            title: t(`manners.layers.${value}.title`),
          }))}
        />
        <fieldset aria-label={t('manners.presets')} className="ms-auto flex flex-wrap items-center gap-1.5">
          {presetNames.map((name) => (
            <Button
              key={name}
              size="small"
              aria-pressed={preset === name}
              className="aria-pressed:border-accent"
              onClick={() => void store(presets[name], week)}
            >
              {t(`manners.preset.${name}`)}
            </Button>
          ))}
          <Button size="small" disabled={undone === null} onClick={() => undone && void store(undone, null)}>
            {t('manners.undo')}
          </Button>
        </fieldset>
      </div>
      <p className="mb-3 text-sm text-dim">{t(`manners.layers.${layer}.text`)}</p>
      {error && (
        <div className="mb-3">
          <ErrorNote error={error} />
        </div>
      )}
      <ScheduleGrid
        label={t(`manners.layers.${layer}.grid`)}
        layer={layer}
        week={week}
        other={storedWeek(weekOf(otherLayer))}
        onChange={(next) => void store(next, week)}
      />
      <Legend layer={layer} showsOther={storedWeek(weekOf(otherLayer)) !== null} />
      <p className="mt-3 text-sm" role="status">
        <span className="font-medium">{nowText(week, now, t)}</span>{' '}
        <span className="text-dim">{weekText(week, t)}</span>
      </p>
      {preset === 'never' && <p className="mt-1 text-sm text-warn">{t(`manners.layers.${layer}.never`)}</p>}
      <div className="mt-4 flex flex-wrap items-end justify-between gap-x-6 gap-y-3 border-t border-line pt-3">
        <p id="schedule-keys" className="basis-full text-xs text-dim xl:max-w-2xl xl:flex-1">
          {t('manners.keys')}
        </p>
        <CopyDay week={week} onCopy={(next) => void store(next, week)} />
      </div>
    </Card>
  );
}

function Legend({ layer, showsOther }: { layer: Layer; showsOther: boolean }) {
  const { t } = useTranslation();
  const fill = { compute: 'bg-accent', network: 'bg-info' } as const;
  const entries = [
    { key: 'allowed', look: `size-2.5 rounded-sm ${fill[layer]}`, words: t('manners.legend.allowed') },
    { key: 'not', look: 'size-2.5 rounded-sm bg-line', words: t('manners.legend.not') },
    ...(showsOther
      ? [
          {
            key: 'other',
            look: `h-[3px] w-3 ${fill[layer === 'compute' ? 'network' : 'compute']}`,
            words: t(`manners.legend.other.${layer}`),
          },
        ]
      : []),
    { key: 'now', look: 'h-3 w-0.5 bg-text', words: t('manners.legend.now') },
  ];
  return (
    <ul className="mt-2 flex flex-wrap gap-x-4 gap-y-1 ps-11 text-xs text-dim">
      {entries.map(({ key, look, words }) => (
        <li key={key} className="inline-flex items-center gap-1.5">
          <span aria-hidden className={look} />
          {words}
        </li>
      ))}
    </ul>
  );
}
