import type { Ledger } from '../ledger/ledger.ts';
import type { SettingsStore } from '../settings-store.ts';
import { evictionPlan } from './eviction.ts';
import type { ModelStore } from './model-store.ts';

/**
 * Deletes the models that were served least recently until so many bytes fit the operator's quota and serving's part of the disk, of
 * which what ships with the app takes nothing. Rejects with `models/quota`, nothing deleted.
 */
export const makeRoom =
  (parts: {
    settings: Pick<SettingsStore, 'current'>;
    ledger: Pick<Ledger, 'lastServedAt'>;
    models: Pick<ModelStore, 'models' | 'remove'>;
    /** Serving's part in bytes; null while the disk is not known. */
    diskBytes(): number | null;
  }) =>
  async (bytes: number): Promise<void> => {
    const { settings, ledger, models } = parts;
    const { modelsQuotaGigabytes, pinnedModels } = settings.current.get();
    const lastServed = ledger.lastServedAt();
    const stored = models.models.get().map(({ id, sizeBytes, served, shipped }) => ({
      id,
      sizeBytes,
      shipped,
      lastServedAt: lastServed[id] ?? 0,
      isKept: served || shipped || pinnedModels.includes(id),
    }));
    const quotaBytes = modelsQuotaGigabytes === 0 ? Number.POSITIVE_INFINITY : modelsQuotaGigabytes * 1e9;
    const gone = evictionPlan(stored, bytes, quotaBytes);
    const left = stored.filter(({ id, shipped }) => !shipped && !gone.includes(id));
    gone.push(...evictionPlan(left, bytes, parts.diskBytes() ?? Number.POSITIVE_INFINITY));
    for (const id of gone) await models.remove(id);
  };
