import type { Allowance, HybridStatus, SwitchStep, WorkMode } from '#contract/hybrid.ts';
import type { Clock } from '../clock.ts';
import { createSignal, type Signal } from '../signal.ts';

/** Serving, as switches need it. */
export interface ServingSide {
  /** Takes no new jobs; those that run go on. */
  close(): void;
  /** Jobs that still have to be done. */
  running(): number;
  /** Resolves when none is left; rejects with the signal's reason. */
  quiet(signal: AbortSignal): Promise<void>;
  /** Unloads every model; resolves when their memory is free. */
  unload(): Promise<void>;
  /** Loads what was unloaded again. */
  load(signal: AbortSignal, onProgress: (share: number) => void): Promise<void>;
  open(): void;
  /** What it may take from now on: threads at once, memory at its next load. */
  allow(allowance: Allowance): void;
}

/** Training, as switches need it. */
export interface TrainingSide {
  grant(allowance: Allowance): Promise<void>;
  /** Writes checkpoints and ends every trainer; resolves when their memory is free. */
  interrupt(): Promise<void>;
}

/** What is to be made so. */
export interface Wanted {
  mode: WorkMode;
  allowance: { inference: Allowance; training: Allowance };
}

export interface ModeStatus {
  /** What works now: during a switch, what has not been stopped yet. */
  mode: WorkMode;
  since: number;
  switching: HybridStatus['switching'];
}

export interface ModeController {
  status: Signal<ModeStatus>;
  /** Makes it so; what is under way is finished or turned round where it stands. */
  apply(wanted: Wanted): void;
  /** Resolves when what is wanted is so, or could not be made so. */
  settled(): Promise<void>;
  /** Ends training and any switch, leaves serving as it is and open: for the node that stops. */
  rest(): Promise<void>;
}

const serves = (mode: WorkMode) => mode === 'inference' || mode === 'both';
const trains = (mode: WorkMode) => mode === 'training' || mode === 'both';

/**
 * Makes the machine do what was decided, one step at a time: what has to go is drained or checkpointed and its memory given back
 * before the other gets it. Each step begins from what really is, so that a decision that changes within a switch is followed from
 * there. A model that does not load leaves serving off, and a trainer that fails leaves training to its round; the other goes on.
 */
export function createModeController(parts: {
  serving: ServingSide;
  training: TrainingSide;
  /** Says what each kind may take, between what goes and what comes. */
  onAllowance(wanted: Wanted): void;
  /** Something could not be loaded; serving is off until it is wanted anew. */
  onServingFault(error: unknown): void;
  onFault(error: unknown): void;
  clock: Clock;
}): ModeController {
  const { serving, training, clock } = parts;
  let isServing: 'open' | 'closed' | 'unloaded' = 'open';
  let isTraining = false;
  let wanted: Wanted | null = null;
  /** Aborted when something else is wanted. */
  let changed = new AbortController();
  let running: Promise<void> | null = null;
  /** What was made so last, to the end. */
  let reached = '';
  let startedFrom: WorkMode = 'inference';
  let startedAt = 0;

  const modeNow = (): WorkMode => {
    const served = isServing === 'open';
    return served ? (isTraining ? 'both' : 'inference') : isTraining ? 'training' : 'none';
  };
  const status = createSignal<ModeStatus>({ mode: modeNow(), since: clock.now(), switching: null });

  function show(step: SwitchStep | null, progress: number | null = null): void {
    const mode = modeNow();
    const before = status.get();
    const switching =
      step && wanted ? { from: startedFrom, to: wanted.mode, step, progress, startedAt } : null;
    status.set({ mode, since: mode === before.mode ? before.since : clock.now(), switching });
  }

  /** Does what stands next between what is and what is wanted; false when there is nothing. */
  async function step(target: Wanted): Promise<boolean> {
    const { signal } = changed;
    if (isTraining && !trains(target.mode)) {
      show('checkpointing');
      await training.interrupt().catch(parts.onFault);
      isTraining = false;
      return true;
    }
    if (isServing !== 'unloaded' && !serves(target.mode)) {
      if (isServing === 'open') serving.close();
      isServing = 'closed';
      await drain(signal);
      if (signal.aborted) return true;
      show('releasing');
      await serving.unload().catch(parts.onFault);
      isServing = 'unloaded';
      return true;
    }
    parts.onAllowance(target);
    serving.allow(target.allowance.inference);
    // A trainer that has to give memory back does so before a model is loaded.
    if (isTraining) await training.grant(target.allowance.training).catch(parts.onFault);
    if (serves(target.mode) && isServing !== 'open') return reopen(signal);
    if (trains(target.mode) && !isTraining) {
      isTraining = true;
      await training.grant(target.allowance.training).catch(parts.onFault);
    }
    return false;
  }

  async function drain(signal: AbortSignal): Promise<void> {
    const first = Math.max(1, serving.running());
    const tell = () => show('draining', Math.min(1, Math.max(0, 1 - serving.running() / first)));
    tell();
    const timer = setInterval(tell, 250);
    await serving.quiet(signal).catch(() => {});
    clearInterval(timer);
  }

  async function reopen(signal: AbortSignal): Promise<boolean> {
    if (isServing === 'unloaded') {
      show('loading', 0);
      try {
        await serving.load(signal, (share) => show('loading', share));
      } catch (thrown) {
        if (signal.aborted) {
          // What came while it was loading may still have to be done.
          isServing = 'closed';
          return true;
        }
        parts.onServingFault(thrown);
        return false;
      }
    }
    isServing = 'open';
    serving.open();
    return true;
  }

  async function run(): Promise<void> {
    startedFrom = modeNow();
    startedAt = clock.now();
    for (;;) {
      const target = wanted;
      if (!target) break;
      const isFirst = !changed.signal.aborted;
      if (!isFirst) changed = new AbortController();
      const hasMore = await step(target);
      if (hasMore || wanted !== target) continue;
      if (modeNow() === target.mode) reached = JSON.stringify(target);
      break;
    }
    show(null);
  }

  function start(): Promise<void> {
    running ??= run()
      .catch(parts.onFault)
      .finally(() => {
        running = null;
      });
    return running;
  }

  return {
    status,
    apply(next) {
      const isSame = wanted?.mode === next.mode;
      if (isSame && !running && reached === JSON.stringify(next)) return;
      wanted = next;
      reached = '';
      if (!isSame) changed.abort();
      void start();
    },
    settled: () => running ?? Promise.resolve(),
    async rest() {
      wanted = null;
      reached = '';
      changed.abort();
      await running;
      await training.interrupt().catch(parts.onFault);
      isTraining = false;
      isServing = 'open';
      serving.open();
      show(null);
    },
  };
}
