import { createHash } from 'node:crypto';

export type Side = 'train' | 'validation' | 'all';

/**
 * To which side of a split an example falls, by the hash of its input alone: wherever it stands, however often, it falls to the same one.
 * About `validationPercent` of different inputs are validation; another salt is another split.
 */
export function createSplit(
  side: Side,
  validationPercent: number,
  salt: string,
): (low: number, high: number) => boolean {
  if (side === 'all') return () => true;
  const key = createHash('sha256').update(salt).digest();
  const [keyLow, keyHigh] = [key.readUInt32LE(0), key.readUInt32LE(4)];
  const bound = (validationPercent / 100) * 2 ** 32;
  return (low, high) => mixed(mixed(low ^ keyLow) ^ high ^ keyHigh) < bound === (side === 'validation');
}

/** MurmurHash3's finaliser (Appleby): each bit of the result depends on each of the input. */
function mixed(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
