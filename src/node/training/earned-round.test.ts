import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AppError } from '#contract/errors.ts';
import { defaultSettings } from '#contract/settings.ts';
import { createScriptedRounds } from '#testing/scripted-rounds.ts';
import { systemClock } from '../clock.ts';
import { type Ledger, openLedger } from '../ledger/ledger.ts';
import { openNodeKey } from '../link/node-key.ts';
import { createSignal } from '../signal.ts';
import { createRoundBooks } from './round-books.ts';
import { openRoundLog, type RoundLog } from './round-log.ts';
import type { RoundBooks } from './round-ports.ts';
import { createTrainingNode, type TrainingNode } from './training-node.ts';

let dir: string;
let log: RoundLog;
let ledger: Ledger;
let node: TrainingNode | null;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'earned-'));
  log = openRoundLog(join(dir, 'rounds.db'), { clock: systemClock });
  ledger = openLedger(join(dir, 'node.db'), { clock: systemClock });
  node = null;
});
afterEach(async () => {
  await node?.stop();
  log.close();
  ledger.close();
  rmSync(dir, { recursive: true });
});

/** A node that a round was left to, whose books are as they are made. */
function nodeWithRound(options: { isSecure?: boolean; booksOf(real: RoundBooks): RoundBooks }) {
  const key = openNodeKey(join(dir, 'key'));
  const { offer, task, calls, parameters } = createScriptedRounds({ key, deadlineMs: Date.now() + 60_000 });
  const secure = options.isSecure
    ? { threshold: 2, clipping_range: 8, quantization_range: 2 ** 22, max_weight: 1000 }
    : null;
  const gateway = { url: 'http://127.0.0.1:9', publicKey: key.publicKey, network: 'test-credits' as const };
  log.append(offer.round_id, {
    ...{
      state: 'selected',
      gatewayUrl: gateway.url,
      gatewayKey: gateway.publicKey,
      network: gateway.network,
    },
    ...{ offer: { ...offer, secure }, task, dataId: 'data', examples: 40 },
  });
  const training = createTrainingNode({
    ...{ dir, key, clock: systemClock, log },
    settings: createSignal(defaultSettings),
    trainer: {
      engine: createSignal(null),
      pause: () => {},
      resume: () => {},
      describe: async () => {},
      train: async () => ({
        ...{ delta: new Float32Array(parameters).fill(0.25), controlDelta: null },
        ...{ examples: 40, steps: 4, durationMs: 10, loss: 0.4, accuracy: 0.8 },
      }),
    },
    gpuEngine: createSignal({ state: 'available', detail: null } as const),
    privacy: {
      check: () => {},
      spend: () => null,
      fault: () => null,
      status: () => ({ budgetEpsilon: 8, delta: 1e-5, spentEpsilon: 0, tasks: [], error: null }),
    },
    data: { dataFor: () => null, onChange: () => () => {} },
    books: options.booksOf(
      createRoundBooks({
        ledger,
        key,
        clock: systemClock,
        assetOf: () => 'SOL',
        onBooked: () => {},
      }),
    ),
    openSecure: () => {
      throw new AppError('training/round-untrusted', 'The stored state is not of this round and node.');
    },
    onFault: () => {},
    random: () => 0,
  });
  node = training;
  training.start({ ...gateway, calls });
  return training;
}

const outcomes = (training: TrainingNode) => training.history.get().map(({ result }) => result);

test('a reward that finds the disk full is booked when there is room again, once', async () => {
  let isFull = true;
  const training = nodeWithRound({
    booksOf: ({ book }) => ({
      book(...entry) {
        if (!isFull) return book(...entry);
        isFull = false;
        throw new AppError('disk/full', 'The ledger could not be written: the disk is full.');
      },
    }),
  });
  await vi.waitFor(() => expect(outcomes(training)).toEqual(['rewarded']), { timeout: 5000 });
  expect(ledger.entries({ limit: 10 }).entries).toMatchObject([{ priceLamports: '1000' }]);
  expect(training.status.get().earned).toEqual({ rounds: 1, netLamports: '970' });
});

test('a round whose secrets cannot be read fails with the reason, and is over', async () => {
  const training = nodeWithRound({ isSecure: true, booksOf: (real) => real });
  await vi.waitFor(() => expect(outcomes(training)).toEqual(['failed']));
  expect(training.history.get()[0]?.error).toMatchObject({ code: 'training/round-untrusted' });
  expect(log.current()).toBeNull();
  expect(training.status.get().earned).toEqual({ rounds: 0, netLamports: '0' });
});
