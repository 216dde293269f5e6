import type { DataSource } from '#contract/training-data.ts';
import { idsOf } from './data-cache.ts';
import type { DataPlaces } from './ready-source.ts';

/** What names in the cache start with whose data something reads or writes just now. */
export interface DataInUse {
  during<T>(source: DataSource, work: () => Promise<T>): Promise<T>;
  ids(): Set<string>;
}

export function createDataInUse(places: DataPlaces): DataInUse {
  const held = new Set<string[]>();
  return {
    async during(source, work) {
      const ids = idsOf(source, places);
      held.add(ids);
      try {
        return await work();
      } finally {
        held.delete(ids);
      }
    },
    ids: () => new Set([...held].flat()),
  };
}
