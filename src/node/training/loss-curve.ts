import { createSignal, type Signal } from '../signal.ts';

export interface LossPoint {
  step: number;
  loss: number;
}

/** A round's loss over its steps, thinned out evenly so that the whole course stays. */
export interface LossCurve {
  points: Signal<LossPoint[]>;
  /** Another round begins. */
  clear(): void;
  /** A step that came before replaces it and all behind: a worker that starts anew comes to the same steps again. */
  add(step: number, loss: number): void;
}

/** Keeps at most `mostPoints`: when there are more, every second one goes, and from then on they come half as often. */
export function createLossCurve(mostPoints: number): LossCurve {
  const points = createSignal<LossPoint[]>([]);
  let leastGap = 0;
  return {
    points,
    clear() {
      leastGap = 0;
      points.set([]);
    },
    add(step, loss) {
      const before = points.get().filter((point) => point.step < step);
      const last = before.at(-1);
      if (last && step < last.step + leastGap) return;
      const more = [...before, { step, loss }];
      if (more.length > mostPoints) {
        const kept = more.filter((_, index) => index % 2 === 0);
        leastGap = ((kept.at(-1)?.step ?? 0) - (kept[0]?.step ?? 0)) / (kept.length - 1);
        points.set(kept);
      } else points.set(more);
    },
  };
}
