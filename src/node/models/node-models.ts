import { join } from 'node:path';
import { resourcesDir } from '../entries.ts';
import type { Memory } from '../inference/pool-policy.ts';
import { workerInspector } from '../inference/runtimes/worker/worker-inspector.ts';
import type { SettingsStore } from '../settings-store.ts';
import { type ModelStore, openModelStore } from './model-store.ts';
import type { ServerList } from './server-list.ts';

/** The store over this node's profile and settings; each file is read by the engine that would run it. */
export function openNodeModels(parts: {
  profileDir: string;
  modelsDir: string;
  servers: ServerList;
  settings: Pick<SettingsStore, 'current'>;
  memory(): Memory;
}): Promise<ModelStore> {
  const settings = () => parts.settings.current.get();
  return openModelStore({
    shippedDir: join(resourcesDir(), 'models'),
    modelsDir: parts.modelsDir,
    cacheFile: join(parts.profileDir, 'models.json'),
    inspectors: {
      'llama.cpp': workerInspector('llama-worker'),
      transformers: workerInspector('transformers-worker'),
    },
    servers: parts.servers,
    inspectOptions: () => {
      const { contextSize, parallelRequests, gpu } = settings();
      return { contextSize, parallelRequests, gpu };
    },
    memory: parts.memory,
    served: settings().servedModels,
  });
}
