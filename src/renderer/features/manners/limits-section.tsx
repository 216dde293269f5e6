import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Settings } from '#contract/settings.ts';
import { formatBytes } from '../../lib/format.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Card } from '../../ui/card.tsx';
import { LevelMeter } from '../../ui/level-meter.tsx';
import { contradictions, type Warn } from './contradictions.ts';
import { ExclusiveApps } from './exclusive-apps.tsx';
import { LimitSets } from './limit-sets.tsx';
import { NumberRow, RestChoice, SwitchRow } from './manner-rows.tsx';
import { PowerCard } from './power-card.tsx';

/** How much of the computer the node takes, and when it steps back. */
export function LimitsSection({ settings }: { settings: Settings }) {
  const { t } = useTranslation();
  const reading = useSignal('resources.current');
  const found = useMemo(() => contradictions(settings, reading), [settings, reading]);
  const warn: Warn = (field) => {
    const contradiction = found.find((one) => one.field === field);
    return contradiction ? t(`manners.warning.${contradiction.code}`, contradiction.values) : null;
  };
  const rows = { settings };
  const cap = settings.monthlyNetworkGigabytes;
  const monthBytes = reading?.network.monthBytes;
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <LimitSets settings={settings} reading={reading} warn={warn} />
      <div className="grid gap-4">
        <Card title={t('manners.groups.inUse')}>
          <div className="grid gap-3">
            <div className="grid gap-x-4 gap-y-2 sm:grid-cols-2">
              <NumberRow {...rows} name="idleAfterMinutes" unit={t('settings.unit.minutes')} />
              <RestChoice settings={settings} />
            </div>
            <SwitchRow {...rows} name="pauseForFullScreen" />
            <SwitchRow {...rows} name="pauseOnBattery" />
            <SwitchRow {...rows} name="keepAwake" />
          </div>
        </Card>
        <Card title={t('manners.groups.heat')}>
          <div className="grid gap-x-4 gap-y-2 sm:grid-cols-2">
            <NumberRow {...rows} name="mostTempC" unit="°C" warning={warn('mostTempC')} />
            <NumberRow {...rows} name="othersCpuPercent" unit="%" />
            <NumberRow {...rows} name="othersGpuMemoryPercent" unit="%" />
          </div>
        </Card>
        <ExclusiveApps settings={settings} />
      </div>
      <div className="grid gap-4">
        <Card title={t('manners.groups.network')}>
          <div className="grid gap-3">
            <SwitchRow {...rows} name="pauseOnMetered" />
            <div className="grid gap-x-4 gap-y-2 sm:grid-cols-2">
              <NumberRow
                {...rows}
                name="monthlyNetworkGigabytes"
                unit={t('settings.unit.gigabytes')}
                warning={warn('monthlyNetworkGigabytes')}
              />
              <NumberRow
                {...rows}
                name="diskReserveGigabytes"
                unit={t('settings.unit.gigabytes')}
                warning={warn('diskReserveGigabytes')}
              />
            </div>
            <LevelMeter
              label={t('manners.month')}
              text={
                monthBytes === undefined
                  ? '–'
                  : cap === null
                    ? formatBytes(monthBytes)
                    : t('manners.ofCap', { used: formatBytes(monthBytes), cap })
              }
              share={cap === null || monthBytes === undefined ? null : monthBytes / (cap * 1e9)}
            />
          </div>
        </Card>
        <PowerCard settings={settings} warn={warn} />
      </div>
    </div>
  );
}
