import type { CatalogueEntry } from '#contract/catalogue.ts';
import type { ByteRate } from '../byte-rate.ts';
import type { Clock } from '../clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { SettingsStore } from '../settings-store.ts';
import { type Downloads, openDownloads } from './downloads.ts';
import { makeRoom } from './make-room.ts';
import type { ModelStore } from './model-store.ts';

/** Downloads over this node's settings and store. */
export function nodeDownloads(parts: {
  catalogue: CatalogueEntry[];
  modelsDir: string;
  settings: Pick<SettingsStore, 'current'>;
  models: ModelStore;
  ledger: Ledger;
  rate: ByteRate;
  /** Serving's part of the disk in bytes; null while it is not known. */
  diskBytes(): number | null;
  clock: Clock;
}): Promise<Downloads> {
  const { catalogue, modelsDir, settings, models, ledger, rate, diskBytes, clock } = parts;
  return openDownloads({
    catalogue,
    modelsDir,
    hub: () => {
      const { modelHubs, downloadProxy } = settings.current.get();
      return { hubs: modelHubs, proxy: downloadProxy };
    },
    makeRoom: makeRoom({ settings, ledger, models, diskBytes }),
    onDone: () => models.scan(),
    rate,
    clock,
  });
}
