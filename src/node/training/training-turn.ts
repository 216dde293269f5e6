import { createSignal, type Signal } from '../signal.ts';

/** What training may take while it is its turn. */
export interface TrainingShare {
  threads: number;
  ramBytes: number;
  gpuBytes: number;
}

/** When training may run, and with how much: null while the machine is another's. */
export interface TrainingTurn {
  share: Signal<TrainingShare | null>;
  set(share: TrainingShare | null): void;
  /** Resolves with the share as soon as there is one. */
  begins(signal: AbortSignal): Promise<TrainingShare>;
}

export function createTrainingTurn(first: TrainingShare | null): TrainingTurn {
  const share = createSignal(first);
  return {
    share,
    set: share.set,
    begins: (signal) =>
      new Promise((resolve, reject) => {
        let isOver = false;
        let end = () => {};
        const finish = (settle: () => void) => {
          if (isOver) return;
          isOver = true;
          end();
          signal.removeEventListener('abort', abandon);
          settle();
        };
        const abandon = () => finish(() => reject(signal.reason));
        if (signal.aborted) return abandon();
        signal.addEventListener('abort', abandon, { once: true });
        end = share.subscribe((now) => {
          if (now) finish(() => resolve(now));
        });
        if (isOver) end();
      }),
  };
}
