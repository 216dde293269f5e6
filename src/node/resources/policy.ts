import type { LimitSet, Manners } from '#contract/manners.ts';
import type { PauseCode, PauseReason } from '#contract/node-status.ts';
import type { PowerBalance, Resources } from '#contract/resources.ts';
import type { LocalTime } from './local-time.ts';
import type { LostJobs } from './lost-jobs.ts';
import { followPrice, type PriceHold, priceRetryMs } from './power-price.ts';
import { allowedAt, nextChange } from './schedule.ts';
import { known, readSenses, type Sensed, type SensedCode } from './senses.ts';
import type { Holds, Standing } from './standing.ts';
import { type Dwell, follow, type Hold } from './turning.ts';

/** On what a kind of work runs; `none`: on neither, or it is switched off. */
export type Device = 'gpu' | 'cpu' | 'none';

/** All that the policy goes by. Times in Unix ms. */
export interface PauseInputs {
  now: number;
  settings: Manners;
  resources: Resources;
  uses: { serving: Device; training: Device };
  /** Whether somebody sits here, for where the reading does not tell; it chooses the limits and pauses nothing. */
  isInUse: boolean | null;
  /** The operator's own pause; `until` null: until it is resumed. */
  operator: { since: number; until: number | null } | null;
  earnAnywayUntil: number | null;
  lostJobs: LostJobs['rest'];
  gateway: { until: number; reason: string } | null;
  balance: PowerBalance | null;
  local: LocalTime;
}

/** What the policy remembers from one time to the next. */
export interface PauseState {
  /** Latest key or move of the mouse. */
  lastInputAt: number | null;
  sensed: Partial<Record<SensedCode, Hold & { figures: PauseReason['detail']; isGrave: boolean }>>;
  price: PriceHold | null;
  /** When each of the other reasons began. */
  since: Partial<Record<PauseCode, number>>;
}

export const freshPauseState: PauseState = { lastInputAt: null, sensed: {}, price: null, since: {} };

const short: Dwell = { onMs: 0, offMs: 10_000 };
/** How long a sense must say so before it counts, and before it no longer does: a burst is no reason, and nothing flaps. */
const dwells: Record<SensedCode, Dwell> = {
  'on-battery': short,
  'exclusive-app': short,
  'full-screen': short,
  temperature: { onMs: 0, offMs: 10_000 },
  'others-gpu': { onMs: 10_000, offMs: 30_000 },
  'others-cpu': { onMs: 10_000, offMs: 30_000 },
  'metered-network': short,
  'network-cap': short,
  'disk-low': short,
};

/** The weightiest first: what only the operator or another ends, then what protects the machine, then who else uses it. */
const byWeight: readonly PauseCode[] = [
  'operator',
  'gateway',
  'disk-low',
  'temperature',
  'lost-jobs',
  'exclusive-app',
  'full-screen',
  'others-gpu',
  'others-cpu',
  'user-active',
  'on-battery',
  'schedule',
  'power-price',
  'network-cap',
  'metered-network',
  'network-schedule',
];

const everything: Holds = { serving: true, training: true, rounds: true, downloads: false };
/** What has come may be computed on; nothing new is fetched. */
const network: Holds = { serving: true, training: false, rounds: true, downloads: true };
const nothing: Holds = { serving: false, training: false, rounds: false, downloads: false };

const held: Partial<Record<PauseCode, Holds>> = {
  'network-schedule': network,
  'metered-network': network,
  'network-cap': network,
  'disk-low': { ...everything, downloads: true },
};

const stopsAtOnce: ReadonlySet<PauseCode> = new Set<PauseCode>([
  'exclusive-app',
  'full-screen',
  'temperature',
  'others-gpu',
]);
const neverOverruled: ReadonlySet<PauseCode> = new Set<PauseCode>(['operator', 'gateway', 'disk-low']);

/** A jitter of the idle time smaller than this is no new input. */
const inputJitterMs = 2000;

/**
 * What the node may do now, and why not more. Pure: the same state and inputs give the same answer. Sensors that say nothing, or
 * nonsense, never pause; one that falls silent ends its reason as if its cause had passed.
 */
export function pausePolicy(
  before: PauseState,
  inputs: PauseInputs,
): { state: PauseState; standing: Standing } {
  const { now, settings, resources, uses } = inputs;
  const lastInputAt = latestInput(before.lastInputAt, inputs);
  const idleAt = lastInputAt === null ? null : lastInputAt + settings.idleAfterMinutes * 60_000;
  const isActive = idleAt !== null && now < idleAt;
  const isTold = known(resources.surroundings.idleSeconds) !== null;
  const isInUse = isActive || (!isTold && inputs.isInUse === true);

  const senses = readSenses(resources, settings, {
    usesGpu: uses.serving === 'gpu' || uses.training === 'gpu',
    holds: (code) => before.sensed[code]?.since != null,
  });
  const sensed = followAll(before.sensed, senses, now);
  const price = followPrice(before.price, settings, inputs.balance, now);

  const causes = new Map<PauseCode, Omit<PauseReason, 'code' | 'since'> & { since?: number | undefined }>();
  const add = (
    code: PauseCode,
    more: { since?: number; until?: number | null; detail?: PauseReason['detail']; isGrave?: boolean } = {},
  ) => {
    const { until, since, detail = {}, isGrave = false } = more;
    // What would end now has ended.
    if (until != null && until <= now) return;
    causes.set(code, {
      since,
      canOverride: !neverOverruled.has(code) && !isGrave,
      detail,
      ...(until == null ? {} : { until }),
    });
  };

  const { operator, lostJobs, gateway } = inputs;
  if (operator) add('operator', operator);
  if (gateway) add('gateway', { until: gateway.until, detail: { reason: gateway.reason } });
  if (lostJobs) {
    const { since, until, count, error } = lostJobs;
    add('lost-jobs', { since, until, detail: { count, error, minutes: minutesOf(until - since) } });
  }
  const active = whatRests(settings.pauseWhileInUse, uses);
  if (isActive && (active.serving || active.training))
    add('user-active', { until: idleAt, detail: { minutes: settings.idleAfterMinutes } });
  for (const [code, week] of [
    ['schedule', settings.computeSchedule],
    ['network-schedule', settings.networkSchedule],
  ] as const)
    if (week && !allowedAt(week, now, inputs.local))
      add(code, { until: nextChange(week, now, inputs.local) });
  for (const [name, hold] of Object.entries(sensed)) {
    const code = name as SensedCode;
    if (hold.since === null) continue;
    const until = code === 'network-cap' ? inputs.local.nextMonth(now) : null;
    const detail = { ...hold.figures, ...senses[code]?.limits };
    add(code, { since: hold.since, until, detail, isGrave: hold.isGrave });
  }
  if (price?.since != null)
    add('power-price', { since: price.since, until: price.since + priceRetryMs, detail: price.detail });

  const since: PauseState['since'] = {};
  const all = byWeight.flatMap((code): PauseReason[] => {
    const cause = causes.get(code);
    if (!cause) return [];
    const began = Math.min(now, cause.since ?? before.since[code] ?? now);
    since[code] = began;
    return [{ code, ...cause, since: began }];
  });
  const isOverruled = inputs.earnAnywayUntil !== null && now < inputs.earnAnywayUntil;
  const reasons = all.filter(({ canOverride }) => !(isOverruled && canOverride));
  const holdsOf = ({ code }: PauseReason): Holds =>
    code === 'user-active' ? active : (held[code] ?? everything);
  const isStop = ({ code }: PauseReason) =>
    stopsAtOnce.has(code) || (code === 'user-active' && restsOnGpu(active, uses));
  return {
    state: { lastInputAt, sensed, price, since },
    standing: {
      reasons,
      servingHeldBy: reasons.filter((reason) => holdsOf(reason).serving),
      holds: reasons.map(holdsOf).reduce(together, nothing),
      how: reasons.length === 0 ? null : reasons.some(isStop) ? 'stop' : 'drain',
      limits: isInUse ? smaller(settings.limitsInUse, settings.limitsIdle) : settings.limitsIdle,
      limitsName: isInUse ? 'in-use' : 'idle',
      earnAnywayUntil: isOverruled ? inputs.earnAnywayUntil : null,
    },
  };
}

/** Never later than now, also after the clock was set back. */
function latestInput(before: number | null, { now, resources }: PauseInputs): number | null {
  const earlier = before === null ? null : Math.min(before, now);
  const idleSeconds = known(resources.surroundings.idleSeconds);
  if (idleSeconds === null) return earlier;
  const readAt = known(resources.at) ?? now;
  const input = Math.min(readAt, now) - idleSeconds * 1000;
  return earlier === null || input > earlier + inputJitterMs ? input : earlier;
}

function followAll(
  before: PauseState['sensed'],
  senses: Record<SensedCode, Sensed | null>,
  now: number,
): PauseState['sensed'] {
  const after: PauseState['sensed'] = {};
  for (const [name, sense] of Object.entries(senses)) {
    const code = name as SensedCode;
    const was = before[code];
    const next = sense && follow(was ?? null, sense.is, now, dwells[code]);
    if (!sense || !next) continue;
    const isNew = was?.since == null;
    const tells = sense.is === true;
    after[code] = {
      ...next,
      figures: isNew || Object.keys(was.figures).length === 0 ? sense.figures : was.figures,
      // Once grave it stays so until it ends: overruled in between it would come and go.
      isGrave: (tells && sense.isGrave === true) || (was?.isGrave ?? false),
    };
  }
  return after;
}

function whatRests(wanted: Manners['pauseWhileInUse'], uses: PauseInputs['uses']): Holds {
  const rests = (device: Device) => wanted === 'all' || (wanted !== 'nothing' && wanted === device);
  const training = rests(uses.training);
  return { serving: rests(uses.serving), training, rounds: training, downloads: false };
}

const restsOnGpu = (rests: Holds, uses: PauseInputs['uses']): boolean =>
  (rests.serving && uses.serving === 'gpu') || (rests.training && uses.training === 'gpu');

const together = (a: Holds, b: Holds): Holds => ({
  serving: a.serving || b.serving,
  training: a.training || b.training,
  rounds: a.rounds || b.rounds,
  downloads: a.downloads || b.downloads,
});

/** Nobody who sits down at the computer leaves the node more of it. */
function smaller(inUse: LimitSet, idle: LimitSet): LimitSet {
  const least = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : Math.min(a, b));
  return {
    cpuPercent: Math.min(inUse.cpuPercent, idle.cpuPercent),
    ramPercent: Math.min(inUse.ramPercent, idle.ramPercent),
    gpuMemoryPercent: Math.min(inUse.gpuMemoryPercent, idle.gpuMemoryPercent),
    networkMbps: least(inUse.networkMbps, idle.networkMbps),
  };
}

const minutesOf = (ms: number): number => Math.round(ms / 60_000);
