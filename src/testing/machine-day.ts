import type { Memory } from '#node/inference/pool-policy.ts';

/** A request: when it comes, in ms from the day's beginning, and how long one slot works on it with all threads. */
export interface DayRequest {
  atMs: number;
  workMs: number;
}

/** A round that the node is in from `atMs` on. */
export interface DayRound {
  atMs: number;
  deadlineMs: number;
  workMs: number;
}

export interface DaySpan {
  fromMs: number;
  untilMs: number;
}

/** What happens to a machine in the course of a day. Times in ms from its beginning. */
export interface MachineDay {
  name: string;
  lengthMs: number;
  /** In order of time. */
  requests: DayRequest[];
  rounds: DayRound[];
  /** When the gateway has tasks to train, whether the node is in a round or not. */
  tasks: DaySpan[];
  held: { inference: DaySpan[]; training: DaySpan[] };
}

export interface DayMachine {
  name: string;
  threads: number;
  ceiling: Memory;
  needs: { inference: Memory; training: Memory };
}

const gigabyte = 1024 ** 3;
const memory = (ram: number, gpu: number): Memory => ({ ramBytes: ram * gigabyte, gpuBytes: gpu * gigabyte });

/** A gaming computer on which a model and a training fit side by side, and two on which they do not. */
export const roomyMachine: DayMachine = {
  name: 'both fit',
  threads: 16,
  ceiling: memory(24, 12),
  needs: { inference: memory(4, 5), training: memory(3, 4) },
};
export const tightMachine: DayMachine = {
  name: 'one at a time',
  threads: 8,
  ceiling: memory(8, 6),
  needs: { inference: memory(3, 5), training: memory(3, 4) },
};
export const smallMachine: DayMachine = {
  name: 'one thread',
  threads: 1,
  ceiling: memory(4, 0),
  needs: { inference: memory(1, 0), training: memory(1, 0) },
};
