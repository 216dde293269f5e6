import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import type { Resources } from '#contract/resources.ts';
import type { Settings } from '#contract/settings.ts';
import { formatBytes } from '../../lib/format.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Card } from '../../ui/card.tsx';
import { Chip } from '../../ui/chip.tsx';
import type { Warn } from './contradictions.ts';
import { SavedField } from './saved-field.tsx';
import { type LimitName, limitBounds, numberOf } from './setting-bounds.ts';

const limitNames = ['cpuPercent', 'ramPercent', 'gpuMemoryPercent', 'networkMbps'] as const;
const sets = { limitsInUse: 'in-use', limitsIdle: 'idle' } as const;
type SetName = keyof typeof sets;
const setNames = Object.keys(sets) as SetName[];

interface LimitSetsProps {
  settings: Settings;
  reading: Resources | undefined;
  warn: Warn;
}

/** How much of the computer the node may take, while somebody uses it and while nobody does. */
export function LimitSets({ settings, reading, warn }: LimitSetsProps) {
  const { t } = useTranslation();
  const inForce = useSignal('node.status')?.limits;
  return (
    <Card title={t('manners.limits.title')} className="lg:col-span-2">
      <div className="grid grid-cols-[minmax(0,1.3fr)_minmax(0,1fr)_minmax(0,1fr)] gap-x-4 gap-y-3">
        <span />
        {setNames.map((set) => (
          <h3 key={set} className="flex min-h-6 flex-wrap items-center gap-2 text-sm font-medium">
            {t(`manners.limits.${set}`)}
            {inForce === sets[set] && <Chip>{t('manners.limits.now')}</Chip>}
          </h3>
        ))}
        {limitNames.map((name) => (
          <div key={name} className="col-span-3 grid grid-cols-subgrid items-start border-t border-line pt-3">
            <div>
              <p className="text-sm font-medium">{t(`manners.limits.${name}.title`)}</p>
              <p className="text-xs text-dim">{t(`manners.limits.${name}.text`)}</p>
            </div>
            {setNames.map((set) => (
              <LimitField
                key={set}
                set={set}
                name={name}
                settings={settings}
                reading={reading}
                warning={set === 'limitsInUse' ? warn(`limitsInUse.${name}`) : null}
              />
            ))}
          </div>
        ))}
      </div>
    </Card>
  );
}

interface LimitFieldProps {
  set: SetName;
  name: LimitName;
  settings: Settings;
  reading: Resources | undefined;
  warning: string | null;
}

function LimitField({ set, name, settings, reading, warning }: LimitFieldProps) {
  const { t } = useTranslation();
  const bounds = limitBounds(name);
  const value = settings[set][name];
  return (
    <SavedField
      label={`${t(`manners.limits.${name}.title`)}: ${t(`manners.limits.${set}`)}`}
      hideLabel
      hint={value === null || !reading ? undefined : meaning(name, value, reading, t)}
      unit={name === 'networkMbps' ? 'Mbit/s' : '%'}
      warning={warning}
      stored={value === null ? '' : String(value)}
      placeholder={bounds.isOptional ? t('manners.noLimit') : undefined}
      patchOf={(text) => {
        const number = numberOf(text, bounds);
        return number === undefined ? null : { [set]: { ...settings[set], [name]: number } };
      }}
      problem={t(bounds.isOptional ? 'manners.problem.optional' : 'manners.problem.number', {
        min: bounds.min.toLocaleString('en'),
        max: bounds.max.toLocaleString('en'),
      })}
    />
  );
}

/** What a percentage is on this computer. */
function meaning(name: LimitName, value: number, { cpu, ram, gpus }: Resources, t: TFunction) {
  const [gpu] = gpus;
  switch (name) {
    case 'cpuPercent':
      return t('manners.limits.ofCores', {
        part: Number(((cpu.cores * value) / 100).toFixed(1)),
        count: cpu.cores,
      });
    case 'ramPercent':
      return formatBytes((ram.totalBytes * value) / 100);
    case 'gpuMemoryPercent':
      if (!gpu) return t('manners.limits.noGpu');
      return gpus.length === 1 ? formatBytes((gpu.totalBytes * value) / 100) : undefined;
    case 'networkMbps':
      return undefined;
  }
}
