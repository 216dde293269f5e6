import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSource } from '#contract/training-data.ts';
import { builtInSource } from './built-in.ts';
import type { DataPlaces } from './ready-source.ts';
import { packedId, sourceId } from './stamp.ts';

const idLength = 24;

/** Deletes what the cache holds of data that are not (or no more) in the list: tokens and pixels tell as much as the files themselves. */
export function sweepCache(places: DataPlaces, listed: readonly DataSource[]): void {
  const kept = new Set(listed.flatMap((source) => idsOf(source, places)));
  removeWhere(places.cacheDir, (id) => !kept.has(id));
}

/** Deletes what it holds of one source; what another listed one needs as well stays. */
export function forgetCached(source: DataSource, places: DataPlaces, listed: readonly DataSource[]): void {
  const kept = new Set(listed.flatMap((other) => idsOf(other, places)));
  const gone = idsOf(source, places).filter((id) => !kept.has(id));
  removeWhere(places.cacheDir, (id) => gone.includes(id));
}

/** What all names in the cache start with that hold something of this source. */
export function idsOf(source: DataSource, places: DataPlaces): string[] {
  const own = source.kind === 'built-in' ? builtInSource(source.name, places) : source;
  const paths = own.kind === 'idx' ? [own.images, own.labels] : [own.path];
  return [sourceId(source), ...paths.map(packedId)];
}

function removeWhere(cacheDir: string, isGone: (id: string) => boolean): void {
  if (!existsSync(cacheDir)) return;
  for (const name of readdirSync(cacheDir)) {
    const id = name.slice(0, idLength);
    if (!/^[0-9a-f]{24}$/.test(id) || !isGone(id)) continue;
    try {
      rmSync(join(cacheDir, name), { force: true });
    } catch {
      // It is open elsewhere (Windows); the next start deletes it.
    }
  }
}
