import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { parameterCount } from '#contract/federated/parameters.ts';
import type { TrainingTask } from '#contract/federated/task.ts';

const storedSchema = z.object({ roundId: z.string(), values: z.base64() });

/** SCAFFOLD's control variate of this node, c_i (Karimireddy et al. 2020), by task, over its rounds. */
export interface OwnControls {
  /** Zeros before the first round of a task, and when its model has changed. */
  read(task: TrainingTask): Float32Array;
  /** Adds what a round that counted changes; a second time for the same round changes nothing. */
  add(task: TrainingTask, roundId: string, change: Float32Array): void;
}

export function openOwnControls(dir: string): OwnControls {
  const fileOf = ({ taskId }: TrainingTask) => join(dir, `${taskId}.json`);

  function stored(task: TrainingTask): { roundId: string | null; values: Float32Array } {
    const length = parameterCount(task.model);
    try {
      const { roundId, values } = storedSchema.parse(JSON.parse(readFileSync(fileOf(task), 'utf8')));
      const numbers = new Float32Array(new Uint8Array(Buffer.from(values, 'base64')).buffer);
      if (numbers.length === length) return { roundId, values: numbers };
    } catch {
      // There is none yet, or it is of another form: it begins anew.
    }
    return { roundId: null, values: new Float32Array(length) };
  }

  return {
    read: (task) => stored(task).values,
    add(task, roundId, change) {
      const before = stored(task);
      if (before.roundId === roundId) return;
      const values = before.values.map((value, index) => value + (change[index] ?? 0));
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      const text = JSON.stringify({ roundId, values: Buffer.from(values.buffer).toString('base64') });
      writeFileAtomic.sync(fileOf(task), text, { mode: 0o600 });
    },
  };
}
