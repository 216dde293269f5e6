import type { WorkMode } from '#contract/hybrid.ts';

/** Working time of each kind, in ms; while both work each has its share of the time by its threads. */
export interface Worked {
  inferenceMs: number;
  trainingMs: number;
  /** Time in which the kind worked at all, alone or beside the other. */
  presentMs: { inference: number; training: number };
}

export interface WorkLog {
  /** From `at` (Unix ms) on the machine is at this; `trainingPart` is training's part of the threads, 0–1. */
  note(mode: WorkMode, trainingPart: number, at: number): void;
  since(sinceMs: number, now: number): Worked;
}

/** What the machine was at, for as long as `keptMs`. */
export function createWorkLog(keptMs: number): WorkLog {
  let entries: { mode: WorkMode; trainingPart: number; at: number }[] = [];
  return {
    note(mode, trainingPart, at) {
      const last = entries.at(-1);
      if (last?.mode === mode && last.trainingPart === trainingPart) return;
      entries.push({ mode, trainingPart, at });
      const first = entries.findLastIndex((entry) => entry.at <= at - keptMs);
      if (first > 0) entries = entries.slice(first);
    },
    since(sinceMs, now) {
      const worked: Worked = { inferenceMs: 0, trainingMs: 0, presentMs: { inference: 0, training: 0 } };
      entries.forEach(({ mode, trainingPart, at }, index) => {
        const end = Math.min(now, entries[index + 1]?.at ?? now);
        const ms = Math.max(0, end - Math.max(at, sinceMs));
        if (mode === 'none') return;
        const part = mode === 'training' ? 1 : mode === 'both' ? trainingPart : 0;
        worked.trainingMs += ms * part;
        worked.inferenceMs += ms * (1 - part);
        if (mode !== 'training') worked.presentMs.inference += ms;
        if (mode !== 'inference') worked.presentMs.training += ms;
      });
      return worked;
    },
  };
}
