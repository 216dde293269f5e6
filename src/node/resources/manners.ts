import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { ErrorCode } from '#contract/errors.ts';
import type { PowerBalance, Resources } from '#contract/resources.ts';
import type { Settings } from '#contract/settings.ts';
import type { Clock } from '../clock.ts';
import { createSignal, type Signal } from '../signal.ts';
import { storeDocument } from '../stored-document.ts';
import { type LocalTime, systemLocalTime } from './local-time.ts';
import { jobDone, jobLost, noLostJobs } from './lost-jobs.ts';
import { freshPauseState, type PauseInputs, pausePolicy } from './policy.ts';
import type { Standing } from './standing.ts';

/** What a restart must not forget. */
const wishesSchema = z.object({
  operator: z.object({ since: z.number(), until: z.number().nullable() }).nullable(),
  earnAnywayUntil: z.number().nullable(),
});
type Wishes = z.infer<typeof wishesSchema>;

/** A timer longer than this would overflow; the next reading comes in 2 s anyway. */
const mostSleepMs = 3_600_000;

/** How the node treats the computer and who sits at it. */
export interface Manners {
  standing: Signal<Standing>;
  /** The operator's own pause; without minutes it lasts until `resume`. Ends “earn anyway”. */
  pause(forMinutes?: number): void;
  resume(): void;
  /** Passes over the reasons that may be overruled; 0 ends that. */
  earnAnyway(forMinutes: number): void;
  /** A job that was begun at `startedAt` (Unix ms) failed. Only faults of this node's own count. */
  lostJob(code: ErrorCode, startedAt: number): void;
  finishedJob(): void;
  /** The gateway wants no work done until then; null: it does not, or no longer. */
  gatewayAsks(ask: { until: number; reason: string } | null): void;
  dispose(): void;
}

/** The thin shell around the pause policy: asks it at each reading, each change of the settings, and when something ends. */
export function createManners(parts: {
  clock: Clock;
  settings: Signal<Settings>;
  resources: Signal<Resources>;
  uses(): PauseInputs['uses'];
  /** Where no reading tells how long nobody has touched the computer; null: unknown too. */
  isInUse(): boolean | null;
  /** What an hour of work brings and costs; absent: unknown. */
  balance?: () => PowerBalance | null;
  /** Where the operator's wishes are kept. */
  file: string;
  local?: LocalTime;
  onFault(error: unknown): void;
}): Manners {
  const { clock } = parts;
  let wishes = readWishes(parts.file);
  let state = freshPauseState;
  let lost = noLostJobs;
  let gateway: PauseInputs['gateway'] = null;
  let alarm = new AbortController();
  let isEnded = false;
  const standing = createSignal(judge());

  function judge(): Standing {
    const judged = pausePolicy(state, {
      now: clock.now(),
      settings: parts.settings.get(),
      resources: parts.resources.get(),
      uses: parts.uses(),
      isInUse: parts.isInUse(),
      operator: wishes.operator,
      earnAnywayUntil: wishes.earnAnywayUntil,
      lostJobs: lost.rest,
      gateway,
      balance: parts.balance?.() ?? null,
      local: parts.local ?? systemLocalTime,
    });
    state = judged.state;
    return judged.standing;
  }

  function look(): void {
    if (isEnded) return;
    const next = judge();
    setAlarm(next);
    if (JSON.stringify(next) !== JSON.stringify(standing.get())) standing.set(next);
  }

  /** Looks again when the first of what is in force ends. */
  function setAlarm({ reasons, earnAnywayUntil }: Standing): void {
    alarm.abort();
    const ends = [...reasons.map(({ until }) => until), earnAnywayUntil].filter((end) => end != null);
    if (ends.length === 0) return;
    alarm = new AbortController();
    const waitMs = Math.min(mostSleepMs, Math.max(1, Math.min(...ends) - clock.now()));
    clock.sleep(waitMs, alarm.signal).then(look, () => {});
  }

  function wish(change: Partial<Wishes>): void {
    wishes = { ...wishes, ...change };
    try {
      storeDocument(parts.file, wishesSchema, wishes);
    } catch (thrown) {
      // It holds now, whether or not the disk will remember it.
      parts.onFault(thrown);
    }
    look();
  }

  const ends = [parts.settings.subscribe(look), parts.resources.subscribe(look)];

  return {
    standing,
    pause(forMinutes) {
      const since = clock.now();
      const until = forMinutes === undefined ? null : since + forMinutes * 60_000;
      wish({ operator: { since, until }, earnAnywayUntil: null });
    },
    resume: () => wish({ operator: null }),
    earnAnyway(forMinutes) {
      wish({ earnAnywayUntil: forMinutes === 0 ? null : clock.now() + forMinutes * 60_000 });
    },
    lostJob(code, startedAt) {
      lost = jobLost(lost, { code, startedAt, now: clock.now() });
      look();
    },
    finishedJob() {
      lost = jobDone(lost);
    },
    gatewayAsks(ask) {
      gateway = ask;
      look();
    },
    dispose() {
      isEnded = true;
      alarm.abort();
      for (const end of ends) end();
    },
  };
}

/** A file that cannot be read is no wish. */
function readWishes(file: string): Wishes {
  try {
    return wishesSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return { operator: null, earnAnywayUntil: null };
  }
}
