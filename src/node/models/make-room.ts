import type { Ledger } from '../ledger/ledger.ts';
import type { SettingsStore } from '../settings-store.ts';
import { evictionPlan } from './eviction.ts';
import type { ModelStore } from './model-store.ts';

/** Deletes the models that were served least recently until so many bytes fit the operator's quota. Rejects with `models/quota`. */
export const makeRoom =
  (parts: {
    settings: Pick<SettingsStore, 'current'>;
    ledger: Pick<Ledger, 'lastServedAt'>;
    models: Pick<ModelStore, 'models' | 'remove'>;
  }) =>
  async (bytes: number): Promise<void> => {
    const { settings, ledger, models } = parts;
    const { modelsQuotaGigabytes, pinnedModels } = settings.current.get();
    const lastServed = ledger.lastServedAt();
    const stored = models.models.get().map(({ id, sizeBytes, served, shipped }) => ({
      id,
      sizeBytes,
      lastServedAt: lastServed[id] ?? 0,
      isKept: served || shipped || pinnedModels.includes(id),
    }));
    for (const id of evictionPlan(stored, bytes, modelsQuotaGigabytes * 1e9)) await models.remove(id);
  };
