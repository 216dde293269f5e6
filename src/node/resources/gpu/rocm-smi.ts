import { z } from 'zod';
import type { Gpu } from '#contract/resources.ts';
import { fanPercent, loadOf, memoryBytes, plain, temperatureC, usedOf, watts } from '../figure.ts';

export const rocmSmiArgs = [
  '--showproductname',
  '--showuniqueid',
  '--showbus',
  '--showmeminfo',
  'vram',
  '--showuse',
  '--showtemp',
  '--showpower',
  '--showmaxpower',
  '--showfan',
  '--showdriverversion',
  '--json',
];
const answer = z.record(z.string(), z.record(z.string(), z.union([z.string(), z.number()])));

/** What `rocm-smi --json` prints; its names of things differ by version. Null for nonsense. */
export function parseRocmSmi(text: string): Gpu[] | null {
  // Warnings may stand before it.
  const begin = text.indexOf('{');
  const parsed = answer.safeParse(begin < 0 ? null : parseJson(text.slice(begin)));
  if (!parsed.success) return null;
  const driver = parsed.data.system?.['Driver version'];
  return Object.entries(parsed.data).flatMap(([card, cells]): Gpu[] => {
    if (!/^card\d+$/.test(card)) return [];
    const cell = (...names: string[]) => {
      for (const name of names) {
        const value = `${cells[name] ?? ''}`;
        if (value !== '' && value !== 'N/A') return value;
      }
      return null;
    };
    const number = (...names: string[]) => plain(cell(...names));
    const totalBytes = memoryBytes(number('VRAM Total Memory (B)'));
    if (!totalBytes) return [];
    return [
      {
        id: cell('PCI Bus')?.toLowerCase() ?? cell('Unique ID') ?? card,
        vendor: 'amd',
        name: cardName(cell('Device Name', 'Card Series', 'Card series', 'Card model')),
        totalBytes,
        usedBytes: usedOf(number('VRAM Total Used Memory (B)'), totalBytes),
        isUnified: false,
        load: loadOf(number('GPU use (%)')),
        tempC: temperatureC(number('Temperature (Sensor edge) (C)', 'Temperature (Sensor junction) (C)')),
        powerWatts: watts(
          number('Average Graphics Package Power (W)', 'Current Socket Graphics Package Power (W)'),
        ),
        powerLimitWatts: watts(number('Max Graphics Package Power (W)')) || null,
        fanPercent: fanPercent(number('Fan speed (%)', 'Fan Speed (%)')),
        driverVersion: typeof driver === 'string' && /^[\w.-]{1,40}$/.test(driver) ? driver : null,
        processes: null,
      },
    ];
  });
}

/** `Navi 22 [Radeon RX 6700 XT]` is known to people by what is in the brackets. */
export function cardName(name: string | null): string {
  const known = /\[([^\]]+)\]/.exec(name ?? '')?.[1] ?? name ?? '';
  if (known === '' || /^0x[\da-f]+$/i.test(known)) return 'AMD GPU';
  return /\b(AMD|Radeon|Instinct)\b/i.test(known) ? known : `AMD ${known}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
