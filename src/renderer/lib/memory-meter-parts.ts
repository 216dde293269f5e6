import type { TFunction } from 'i18next';
import type { MeterPart } from '../ui/memory-meter.tsx';
import { formatBytes } from './format.ts';
import type { MemoryOwner, MemoryPart } from './memory-owners.ts';

const colorOf: Record<MemoryOwner, MeterPart['color']> = {
  model: 'accent',
  'kv-cache': 'accent-faint',
  training: 'info',
  cache: 'earn',
  node: 'info-faint',
  used: 'dim',
  others: 'dim',
  free: 'none',
};

/** Memory by owner as a bar shows it. */
export const meterParts = (parts: readonly MemoryPart[], t: TFunction): MeterPart[] =>
  parts.map(({ owner, sizeBytes }) => ({
    key: owner,
    label: t(`resources.owner.${owner}`),
    text: formatBytes(sizeBytes),
    sizeBytes,
    color: colorOf[owner],
  }));
