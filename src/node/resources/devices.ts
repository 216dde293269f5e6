import type { Engine } from '#contract/model.ts';
import type { Gpu } from '#contract/resources.ts';
import type { Settings } from '#contract/settings.ts';
import type { TrainingEngineInfo } from '#contract/training.ts';
import type { Device, PauseInputs } from './policy.ts';

/** On what the node's work runs, or would run; what providers answer runs on neither. */
export function devicesOf(
  { serveOwnModels, gpu }: Pick<Settings, 'serveOwnModels' | 'gpu'>,
  machine: { engine: Engine; gpus: readonly Gpu[]; trainer: TrainingEngineInfo | null; trains: boolean },
): PauseInputs['uses'] {
  const { backend } = machine.engine;
  const expected: Device = gpu === 'auto' && machine.gpus.length > 0 ? 'gpu' : 'cpu';
  const serving = backend === null ? expected : backend === 'cpu' ? 'cpu' : 'gpu';
  return {
    serving: serveOwnModels ? serving : 'none',
    training: machine.trains ? (machine.trainer?.usesGpu ? 'gpu' : 'cpu') : 'none',
  };
}
