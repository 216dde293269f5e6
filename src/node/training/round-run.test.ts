import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppError } from '#contract/errors.ts';
import { livesOn, unseen } from '#testing/mortal-round.ts';
import { createScriptedRounds } from '#testing/scripted-rounds.ts';
import { systemClock } from '../clock.ts';
import { type Ledger, openLedger } from '../ledger/ledger.ts';
import { openNodeKey } from '../link/node-key.ts';
import { openOwnControls } from './own-control.ts';
import { createRoundBooks } from './round-books.ts';
import { openRoundFolder } from './round-folder.ts';
import { openRoundLog, type RoundLog } from './round-log.ts';
import type { RoundTrainer, Trained } from './round-ports.ts';
import type { RoundRecord } from './round-record.ts';
import { type RoundParts, runRound } from './round-run.ts';

let dir: string;
let log: RoundLog;
let ledger: Ledger;
/** A node's folder with what it keeps there. */
function openLife() {
  dir = mkdtempSync(join(tmpdir(), 'rounds-'));
  log = openRoundLog(join(dir, 'rounds.db'), { clock: systemClock });
  ledger = openLedger(join(dir, 'node.db'), { clock: systemClock });
  const mine = { dir, log, ledger };
  return {
    close() {
      mine.log.close();
      mine.ledger.close();
      rmSync(mine.dir, { recursive: true, force: true });
    },
  };
}
let life: ReturnType<typeof openLife>;
beforeEach(() => {
  life = openLife();
});
afterEach(() => life.close());

const never = new AbortController().signal;
const trained = (parameters: number): Trained => ({
  delta: new Float32Array(parameters).fill(0.25),
  controlDelta: null,
  examples: 40,
  steps: 4,
  durationMs: 10,
  loss: 0.4,
  accuracy: 0.8,
});

/** A selected round on a gateway in memory, with everything that is real about it but the trainer and the privacy ledger. */
function selectedRound(options: { deadlineMs?: number; isPrivate?: boolean; isPlain?: boolean } = {}) {
  const key = openNodeKey(join(dir, 'key'));
  const deadlineMs = options.deadlineMs ?? Date.now() + 60_000;
  const gateway = createScriptedRounds({ key, deadlineMs, isPrivate: options.isPrivate ?? true });
  const record = log.append(gateway.offer.round_id, {
    state: 'selected',
    gatewayUrl: 'http://127.0.0.1:9',
    gatewayKey: options.isPlain ? null : key.publicKey,
    network: options.isPlain ? null : 'test-credits',
    offer: gateway.offer,
    task: gateway.task,
    dataId: 'data',
    examples: 40,
  });
  /** Rounds whose privacy was written down, and whether the update had come before that. */
  const spent = new Map<string, { updateCameFirst: boolean }>();
  const parts: RoundParts = {
    calls: gateway.calls,
    folder: openRoundFolder(dir, record.roundId),
    log,
    nodeKey: key.publicKey,
    trainer: { train: async () => trained(gateway.parameters) },
    controls: openOwnControls(join(dir, 'control')),
    privacy: {
      check: () => {},
      spend({ roundId }) {
        if (!spent.has(roundId)) spent.set(roundId, { updateCameFirst: gateway.update() !== null });
        return 0.5;
      },
    },
    books: createRoundBooks({
      ledger,
      key,
      clock: systemClock,
      assetOf: () => 'SOL',
      onBooked: () => {},
    }),
    openSecure: () => {
      throw new Error('this round is plain');
    },
    clock: systemClock,
    random: () => 0,
  };
  return { gateway, record, parts, spent };
}

test('goes from selection to a booked reward, and leaves nothing of the round on the disk', async () => {
  const { gateway, record, parts } = selectedRound();
  const end = await runRound(record, parts, unseen, { signal: never, leave: never });
  expect(end.state).toBe('rewarded');
  expect(gateway.update()?.head).toMatchObject({ round_id: 'round-1', examples: 40, epsilon: 0.5 });
  expect(gateway.update()?.delta).toEqual(new Float32Array(gateway.parameters).fill(0.25));
  const { entries } = ledger.entries({ limit: 10 });
  expect(entries).toMatchObject([
    { model: 'small', priceLamports: '1000', feeLamports: '30', training: { taskName: 'Small' } },
  ]);
  expect(ledger.entry(entries[0]?.id ?? 0)?.receipt?.receipt).toMatchObject({
    payer: `training:${parts.nodeKey}`,
    input_sha256: gateway.offer.model_sha256,
    output_sha256: gateway.updateSha256(),
  });
  expect(parts.folder.read('model')).toBeNull();
  expect(log.current()).toBeNull();
});

/** Lives of a node, each the number of calls that it gets through; the last one is long enough. */
const points = Array.from({ length: 40 }, (_, point) => point);
const manyLives = [...points.map((point) => [point]), ...points.map((point) => [point, 39 - point, 3])];

test('killed at any point, as often as one likes, a round is counted once and no ε is forgotten', async () => {
  let deaths = 0;
  for (const lives of manyLives) {
    const life = openLife();
    try {
      const { gateway, record, parts, spent } = selectedRound();
      let current: RoundRecord | null = record;
      for (const calls of [...lives, Number.POSITIVE_INFINITY]) {
        if (!current) break;
        if (!(await livesOn(current, parts, calls))) deaths += 1;
        current = log.current();
      }
      expect(log.current()).toBeNull();
      expect(log.ended(10).map(({ state }) => state)).toEqual(['rewarded']);
      expect(ledger.totals()).toMatchObject({ jobs: 1, grossLamports: 1000n, feeLamports: 30n });
      expect([...spent.values()]).toEqual([{ updateCameFirst: false }]);
      expect(gateway.hasLeft()).toBe(false);
    } finally {
      life.close();
    }
  }
  expect(deaths).toBeGreaterThan(100);
});

test('a gateway that is away is asked again, with growing pauses, until the deadline', async () => {
  const { gateway, record, parts } = selectedRound();
  let failures = 3;
  const pauses: number[] = [];
  const calls = {
    ...gateway.calls,
    model: async (...args: Parameters<typeof gateway.calls.model>) => {
      if (failures-- > 0) throw new AppError('link/unreachable', 'It is away.');
      return gateway.calls.model(...args);
    },
  };
  const clock = {
    ...systemClock,
    sleep: (ms: number, signal?: AbortSignal) =>
      systemClock.sleep(Math.min(ms, 20_000) > 10_000 ? ms : 1, signal),
  };
  const watch = {
    ...unseen,
    onRetry: (at: number | null) => (at ? pauses.push(at - Date.now()) : undefined),
  };
  const end = await runRound(record, { ...parts, calls, clock }, watch, { signal: never, leave: never });
  expect(end.state).toBe('rewarded');
  expect(pauses.map((pause) => Math.round(pause / 500) * 500)).toEqual([500, 1000, 2000]);
});

test('a deadline that passes while it trains ends the round, and the gateway is told', async () => {
  const { gateway, record, parts } = selectedRound({ deadlineMs: Date.now() + 100 });
  const trainer: RoundTrainer = {
    train: (_job, _onProgress, signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  };
  const end = await runRound(record, { ...parts, trainer }, unseen, { signal: never, leave: never });
  expect(end.end).toMatchObject({ state: 'failed', error: { code: 'training/deadline-passed' } });
  expect(gateway.hasLeft()).toBe(true);
  expect(ledger.totals().jobs).toBe(0);
});

test('a model that is not the announced one, or holds no numbers, ends the round before training', async () => {
  const { gateway, record, parts } = selectedRound();
  let isTrained = false;
  const trainer: RoundTrainer = {
    async train() {
      isTrained = true;
      return trained(gateway.parameters);
    },
  };
  const calls = { ...gateway.calls, model: async () => new Uint8Array(100) };
  const late = {
    ...parts.clock,
    sleep: (_ms: number, signal?: AbortSignal) => parts.clock.sleep(1e6, signal),
  };
  const leave = new AbortController();
  setTimeout(() => leave.abort(), 100);
  const end = await runRound(record, { ...parts, calls, trainer, clock: late }, unseen, {
    signal: never,
    leave: leave.signal,
  });
  expect(end.end).toMatchObject({ state: 'failed', error: { code: 'training/left' } });
  expect(isTrained).toBe(false);
});

/** The calls of a gateway that says of the update it counts: `told`. */
const counting = (calls: RoundParts['calls'], told: string | null): RoundParts['calls'] => ({
  ...calls,
  async round(...args) {
    const state = await calls.round(...args);
    if (state.outcome?.state === 'done') state.outcome.update_sha256 = told;
    return state;
  },
});

test.each(['c'.repeat(64), null])(
  'a round in which the gateway counts another update (%s) is not booked, not signed, and says so',
  async (told) => {
    const { gateway, record, parts } = selectedRound();
    const calls = counting(gateway.calls, told);
    const end = await runRound(record, { ...parts, calls }, unseen, { signal: never, leave: never });
    expect(gateway.update()).not.toBeNull();
    expect(end.end).toMatchObject({ state: 'failed', error: { code: 'training/other-update' } });
    expect(ledger.totals().jobs).toBe(0);
    expect(log.ended(1)[0]?.end).toEqual(end.end);
  },
);

test('a gateway that signs nothing says nothing of the update, and its reward is booked without a receipt', async () => {
  const { gateway, record, parts } = selectedRound({ isPlain: true });
  const calls = counting(gateway.calls, null);
  await runRound(record, { ...parts, calls }, unseen, { signal: never, leave: never });
  const [entry] = ledger.entries({ limit: 1 }).entries;
  expect(entry).toMatchObject({ priceLamports: '1000' });
  expect(ledger.entry(entry?.id ?? 0)?.receipt ?? null).toBeNull();
});

test('a crashed worker trains on from its checkpoint, three times at most', async () => {
  const { gateway, record, parts } = selectedRound();
  let crashes = 2;
  const trainer: RoundTrainer = {
    async train() {
      if (crashes-- > 0) throw new AppError('training/worker-crashed', 'The engine’s process ended.');
      return trained(gateway.parameters);
    },
  };
  expect((await runRound(record, { ...parts, trainer }, unseen, { signal: never, leave: never })).state).toBe(
    'rewarded',
  );
});

test('a full disk ends the round with its reason, and the round is not lost from the log', async () => {
  const { record, parts } = selectedRound();
  const folder = {
    ...parts.folder,
    write: () => {
      throw new AppError('disk/full', 'The round could not be stored: the disk is full.');
    },
  };
  const end = await runRound(record, { ...parts, folder }, unseen, { signal: never, leave: never });
  expect(end.end).toMatchObject({ state: 'failed', error: { code: 'disk/full' } });
  expect(log.ended(1)[0]?.roundId).toBe('round-1');
});
