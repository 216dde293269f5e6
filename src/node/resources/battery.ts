import type { Surroundings } from '#contract/resources.ts';
import { figure } from './figure.ts';
import type { Machine } from './machine.ts';

const root = '/sys/class/power_supply';
export type Battery = Pick<Surroundings, 'onBattery' | 'batteryPercent'>;
export const unknownBattery: Battery = { onBattery: null, batteryPercent: null };

/** What the Linux kernel tells. The battery of a mouse is none; a computer without one is not on it. */
export function readBattery(machine: Machine): Battery {
  const supplies = machine.names(root).map((name) => {
    const cell = (file: string) => machine.text(`${root}/${name}/${file}`)?.trim() ?? '';
    return {
      type: cell('type'),
      isOfDevice: cell('scope') === 'Device',
      isOnline: cell('online') === '1',
      status: cell('status'),
      percent: figure(cell('capacity'), 0, 100),
    };
  });
  const batteries = supplies.filter(({ type, isOfDevice }) => type === 'Battery' && !isOfDevice);
  const feeds = supplies.filter(({ type, isOfDevice }) => /^(Mains|USB)/.test(type) && !isOfDevice);
  if (supplies.length === 0) return unknownBattery;
  const percents = batteries.flatMap(({ percent }) => (percent === null ? [] : [percent]));
  const batteryPercent =
    percents.length > 0 ? Math.round(percents.reduce((sum, one) => sum + one, 0) / percents.length) : null;
  if (batteries.length === 0 || feeds.some(({ isOnline }) => isOnline))
    return { onBattery: false, batteryPercent };
  // A few laptops have no word for their mains; what a battery does tells it too.
  const isDischarging = batteries.some(({ status }) => status === 'Discharging');
  const isKnown =
    feeds.length > 0 ||
    batteries.some(({ status }) => /^(Charging|Discharging|Full|Not charging)$/.test(status));
  return { onBattery: isKnown ? isDischarging || feeds.length > 0 : null, batteryPercent };
}

/** What `pmset -g batt` prints on macOS. Null for nonsense. */
export function parsePmset(text: string): Battery | null {
  const source = /Now drawing from '([^']+)'/.exec(text)?.[1];
  if (!source) return null;
  const percent = /InternalBattery[^\n]*?\s(\d{1,3})%/.exec(text)?.[1];
  return {
    onBattery: /^AC/.test(source) ? false : /^(Battery|UPS)/.test(source) ? true : null,
    batteryPercent: figure(percent, 0, 100),
  };
}
