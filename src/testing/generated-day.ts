import { seededRandom } from '#contract/federated/seeded-random.ts';
import type { DayRequest, DayRound, DaySpan, MachineDay } from './machine-day.ts';

const minute = 60_000;
const hour = 60 * minute;
const dayMs = 24 * hour;

type Random = () => number;

/** Time to the next of events that come `perHour` on average, independent of one another. */
const gapMs = (random: Random, perHour: number) => (-Math.log(1 - random()) / perHour) * hour;

/** A day's rise and fall: next to nothing at night, the most in the evening. */
const profileAt = (atMs: number) =>
  0.04 + 0.96 * Math.max(0, Math.sin(((atMs / dayMs - 0.3) / 0.65) * Math.PI)) ** 2;

/** Requests of a Poisson process under the day's profile, with `bursts` of twenty to sixty within a minute or two. */
function requestsOf(random: Random, perHourAtMost: number, bursts: number): DayRequest[] {
  const workMs = () => 2_000 + gapMs(random, hour / 12_000);
  const requests: DayRequest[] = [];
  for (let at = gapMs(random, perHourAtMost); at < dayMs; at += gapMs(random, perHourAtMost))
    if (random() < profileAt(at)) requests.push({ atMs: at, workMs: workMs() });
  for (let burst = 0; burst < bursts; burst += 1) {
    const start = random() * dayMs;
    const count = 20 + Math.floor(random() * 40);
    for (let one = 0; one < count; one += 1)
      requests.push({ atMs: start + random() * 2 * minute, workMs: workMs() });
  }
  return requests.filter(({ atMs }) => atMs < dayMs).sort((a, b) => a.atMs - b.atMs);
}

/** Rounds one after the other: a sixth can't be met, a third only at once, the rest with time to spare. */
function roundsOf(random: Random): DayRound[] {
  const rounds: DayRound[] = [];
  let at = gapMs(random, 1);
  while (at < dayMs - 3 * hour) {
    const workMs = (3 + random() * 32) * minute;
    const kind = random();
    const leftMs =
      kind < 1 / 6
        ? workMs * (0.4 + random() * 0.5)
        : kind < 1 / 2
          ? workMs + (1 + random() * 4) * minute
          : workMs * (1.5 + random() * 2.5);
    rounds.push({ atMs: at, deadlineMs: at + leftMs, workMs });
    at += leftMs + gapMs(random, 1.2);
  }
  return rounds;
}

function spansOf(random: Random, options: { everyHours: number; lengthMs: () => number }): DaySpan[] {
  const spans: DaySpan[] = [];
  let at = gapMs(random, 1 / options.everyHours);
  while (at < dayMs) {
    const untilMs = at + options.lengthMs();
    spans.push({ fromMs: at, untilMs });
    at = untilMs + gapMs(random, 1 / options.everyHours);
  }
  return spans;
}

/** A day of requests, rounds, tasks and holds, the same for a seed. */
export function generatedDay(seed: string): MachineDay {
  const random = seededRandom(seed);
  return {
    name: `generated ${seed}`,
    lengthMs: dayMs,
    requests: requestsOf(random, 20 + random() * 160, Math.floor(random() * 8)),
    rounds: roundsOf(random),
    tasks: spansOf(random, { everyHours: 1, lengthMs: () => (0.2 + random() * 5) * hour }),
    held: {
      inference: spansOf(random, { everyHours: 6, lengthMs: () => (1 + random() * 40) * minute }),
      training: spansOf(random, { everyHours: 6, lengthMs: () => (1 + random() * 40) * minute }),
    },
  };
}

/** Hours in which requests never cease and there is always something to train. */
export function contestedHours(hours: number, requestsPerHour: number): MachineDay {
  const random = seededRandom(`contested ${hours}`);
  const lengthMs = hours * hour;
  const requests: DayRequest[] = [];
  for (let at = 0; at < lengthMs; at += gapMs(random, requestsPerHour))
    requests.push({ atMs: at, workMs: 8_000 });
  const tasks = [{ fromMs: 0, untilMs: lengthMs }];
  return {
    name: `${hours} contested hours`,
    lengthMs,
    requests,
    rounds: [],
    tasks,
    held: { inference: [], training: [] },
  };
}
