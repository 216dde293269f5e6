import type { Engine } from '#contract/model.ts';

/** An engine before anything is loaded. */
export const engineOff: Engine = {
  state: 'off',
  backend: null,
  modelId: null,
  loadProgress: null,
  contextSize: null,
  parallelRequests: null,
  threads: null,
  memory: null,
  server: null,
  restarts: 0,
  error: null,
};
