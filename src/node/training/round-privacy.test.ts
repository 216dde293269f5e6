import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { canonicalJson } from '#contract/canonical-json.ts';
import type { OfferedTask, RoundOffer } from '#contract/federated/rounds.ts';
import { localTrainingSchema } from '#contract/federated/task.ts';
import { newKey } from '#testing/scripted-api.ts';
import { createScriptedRounds, smallTask } from '#testing/scripted-rounds.ts';
import { systemClock } from '../clock.ts';
import { sha256Hex } from '../link/ed25519.ts';
import { openRoundPrivacy } from './round-privacy.ts';
import type { RoundRecord } from './round-record.ts';

let folder: string;
let file: string;
let budget: { epsilon: number; delta: number };
const open = () => openRoundPrivacy({ file, clock: systemClock, budget: () => budget });
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'round-privacy-'));
  file = join(folder, 'privacy.jsonl');
  budget = { epsilon: 8, delta: 1e-5 };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const key = { ...newKey(), nodeId: 'slm-private' };
const isPrivate = localTrainingSchema.parse({
  epochs: 1,
  privacy: { clipNorm: 1, noiseMultiplier: 1, delta: 1e-5 },
});
const isOpen = localTrainingSchema.parse({ epochs: 1 });

function record(roundId: string, training = isPrivate): RoundRecord {
  const scripted = createScriptedRounds({ key, deadlineMs: 1 });
  const offer: RoundOffer = { ...scripted.offer, round_id: roundId, training };
  return {
    roundId,
    startedAt: 0,
    at: 0,
    state: 'training',
    update: null,
    end: null,
    selected: {
      state: 'selected',
      gatewayUrl: 'http://127.0.0.1:9',
      gatewayKey: null,
      network: null,
      offer,
      task: smallTask,
      dataId: 'data',
      examples: 40,
    },
  };
}
const task = (training = isPrivate): OfferedTask => ({
  task: smallTask,
  task_sha256: sha256Hex(canonicalJson(smallTask)),
  training,
  strategy: 'fedavg',
  secure_aggregation: 'off',
  participants: { min: 1, max: 1 },
  round_minutes: 5,
  reward_lamports: '1',
  model_version: 0,
  model_sha256: 'a'.repeat(64),
  accuracy: null,
});
const names = new Map([['small', 'Small']]);
const spentOf = (privacy = open()) => privacy.status(names);

test('a round spends once, however often it is told and restarted', () => {
  const first = open().spend(record('round-1'), 40);
  const spent = spentOf();
  expect(first).toBeGreaterThan(0);
  expect(spent.spentEpsilon).toBeCloseTo(first ?? 0, 6);
  const privacy = open();
  expect(privacy.spend(record('round-1'), 40)).toBe(first);
  expect(privacy.spend(record('round-1'), 40)).toBe(first);
  expect(spentOf()).toEqual(spent);
  expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(1);
  privacy.spend(record('round-2'), 40);
  expect(spentOf()).toMatchObject({ tasks: [{ taskId: 'small', name: 'Small', rounds: 2 }], error: null });
  expect(spentOf().spentEpsilon).toBeGreaterThan(spent.spentEpsilon);
});

test('a round without noise spends nothing and needs no budget', () => {
  budget = { epsilon: 0.01, delta: 1e-5 };
  const privacy = open();
  privacy.check(record('round-1', isOpen));
  expect(privacy.spend(record('round-1', isOpen), 40)).toBeNull();
  expect(privacy.fault(task(isOpen), 40)).toBeNull();
  expect(privacy.status(names).spentEpsilon).toBe(0);
});

test('a budget that is spent refuses the next round; raised, it counts at once', () => {
  const privacy = open();
  const one = privacy.spend(record('round-1'), 40) ?? 0;
  budget = { ...budget, epsilon: one * 1.01 };
  const passed = expect.objectContaining({ code: 'training/privacy-budget' });
  expect(privacy.fault(task(), 40)).toEqual(passed);
  expect(() => privacy.check(record('round-2'))).toThrow(passed);
  expect(() => privacy.spend(record('round-2'), 40)).toThrow(passed);
  // One that is booked goes on whatever the budget has become.
  privacy.check(record('round-1'));
  budget = { ...budget, epsilon: one * 10 };
  expect(privacy.fault(task(), 40)).toBeNull();
  privacy.check(record('round-2'));
  privacy.spend(record('round-2'), 40);
  expect(privacy.status(names)).toMatchObject({ budgetEpsilon: one * 10, tasks: [{ rounds: 2 }] });
});

test('a file that cannot be read stops private rounds with its reason, and no others', () => {
  open().spend(record('round-1'), 40);
  const damaged = `${readFileSync(file, 'utf8')}{"v":1,"task":"small"}\n`;
  writeFileSync(file, damaged);
  const privacy = open();
  const unreadable = expect.objectContaining({
    code: 'training/privacy-ledger',
    message: expect.stringMatching(/Line 2 .*privacy\.jsonl/),
  });
  expect(privacy.fault(task(), 40)).toEqual(unreadable);
  expect(() => privacy.check(record('round-2'))).toThrow(unreadable);
  expect(() => privacy.spend(record('round-2'), 40)).toThrow(unreadable);
  expect(privacy.status(names).error).toEqual(unreadable);
  privacy.check(record('round-2', isOpen));
  expect(privacy.spend(record('round-2', isOpen), 40)).toBeNull();
  expect(privacy.fault(task(isOpen), 40)).toBeNull();
  expect(readFileSync(file, 'utf8')).toBe(damaged);
});
