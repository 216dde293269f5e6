import type { CatalogueEntry } from '#contract/catalogue.ts';
import type { LimitSet } from '#contract/manners.ts';
import type { Clock } from '../clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { SettingsStore } from '../settings-store.ts';
import { type Downloads, openDownloads } from './downloads.ts';
import { evictionPlan } from './eviction.ts';
import type { ModelStore } from './model-store.ts';

/** Downloads over this node's settings: for room those models go that have served least recently. */
export function openNodeDownloads(parts: {
  catalogue: CatalogueEntry[];
  modelsDir: string;
  settings: Pick<SettingsStore, 'current'>;
  models: Pick<ModelStore, 'models' | 'remove' | 'scan'>;
  ledger: Pick<Ledger, 'lastServedAt'>;
  limits(): LimitSet;
  clock: Clock;
}): Promise<Downloads> {
  const { catalogue, modelsDir, models, clock } = parts;
  const settings = () => parts.settings.current.get();
  return openDownloads({
    catalogue,
    modelsDir,
    hub: () => ({ hubs: settings().modelHubs, proxy: settings().downloadProxy }),
    async makeRoom(bytes) {
      const { modelsQuotaGigabytes, pinnedModels } = settings();
      const lastServed = parts.ledger.lastServedAt();
      const stored = models.models.get().map(({ id, sizeBytes, served, shipped }) => ({
        id,
        sizeBytes,
        lastServedAt: lastServed[id] ?? 0,
        isKept: served || shipped || pinnedModels.includes(id),
      }));
      for (const id of evictionPlan(stored, bytes, modelsQuotaGigabytes * 1e9)) await models.remove(id);
    },
    onDone: () => models.scan(),
    mostMbps: () => parts.limits().networkMbps,
    clock,
  });
}
