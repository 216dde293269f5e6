import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RoundOffer } from '#contract/federated/rounds.ts';
import { createCoordinatedRounds } from '#testing/coordinated-rounds.ts';
import { coordinatorCalls } from '#testing/coordinator-calls.ts';
import { testTask } from '#testing/federated-task.ts';
import { livesOn, unseen } from '#testing/mortal-round.ts';
import { newKey } from '#testing/scripted-api.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { NodeKey } from '../link/node-key.ts';
import { openOwnControls } from './own-control.ts';
import { openRoundFolder } from './round-folder.ts';
import { openRoundLog } from './round-log.ts';
import type { RoundRecord } from './round-record.ts';
import { type RoundParts, runRound } from './round-run.ts';
import { secureClients } from './secure-client.ts';

const rounds = createCoordinatedRounds();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'secure-run-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;
const clock: Clock = { now: () => rounds.nowMs, sleep: systemClock.sleep };

/** A node that was selected, with all that is real about its part but the training. */
function selectedNode(key: NodeKey, offer: RoundOffer, change: number) {
  const dir = mkdtempSync(join(folder, 'node-'));
  const log = openRoundLog(join(dir, 'rounds.db'), { clock });
  const record = log.append(offer.round_id, {
    state: 'selected',
    gatewayUrl: 'http://127.0.0.1:9',
    gatewayKey: rounds.gatewayKey.publicKey,
    network: 'test-credits',
    offer,
    task: testTask({}, 'task-0').task,
    dataId: 'data',
    examples: 100,
  });
  const parts: RoundParts = {
    calls: coordinatorCalls(() => rounds.coordinator, key),
    folder: openRoundFolder(dir, record.roundId),
    log,
    nodeKey: key.publicKey,
    trainer: {
      train: async ({ weights }) => ({
        delta: new Float32Array(weights.length).fill(change),
        controlDelta: null,
        examples: 100,
        steps: 10,
        durationMs: 1000,
        loss: 0.5,
        accuracy: 0.5,
      }),
    },
    controls: openOwnControls(join(dir, 'control')),
    privacy: { check: () => {}, spend: () => null },
    books: { book: () => {} },
    openSecure: secureClients(key),
    clock,
    random: () => 0,
  };
  return { record, parts, close: () => log.close() };
}

/** Lives of so many calls each, and one that is long enough; the number of deaths. */
async function liveAndDie(first: RoundRecord, parts: RoundParts, lives: number[]): Promise<number> {
  let deaths = 0;
  let current: RoundRecord | null = first;
  for (const calls of [...lives, Number.POSITIVE_INFINITY]) {
    if (!current) break;
    if (!(await livesOn(current, parts, calls))) deaths += 1;
    current = parts.log.current();
  }
  return deaths;
}

test('killed at any point of a secure round, a node is in the sum once and answers to the end', async () => {
  let deaths = 0;
  for (let point = 0; point < 70; point += 3) {
    rounds.open({
      secureAggregation: 'required',
      participants: { min: 3, max: 3, fraction: 1 },
      stageSeconds: 60,
    });
    try {
      const keys = Array.from({ length: 3 }, () => {
        const key = newKey();
        return { ...key, nodeId: `slm-${key.publicKey.slice(0, 8)}` };
      });
      const offer = rounds.begin(...keys.map(({ publicKey }) => publicKey));
      expect(offer.secure).toMatchObject({ threshold: 3 });
      const nodes = keys.map((key, index) => selectedNode(key, offer, index / 4));
      const [, ...others] = nodes;
      const whole = others.map(({ record, parts }) =>
        runRound(record, parts, unseen, { signal: never, leave: never }),
      );
      const [mortalNode] = nodes;
      if (!mortalNode) throw new Error('there is no node');
      deaths += await liveAndDie(mortalNode.record, mortalNode.parts, point % 2 === 0 ? [point, 7] : [point]);
      await Promise.all(whole);
      for (const { parts } of nodes)
        expect(parts.log.ended(1)[0]?.end, `killed after ${point} calls`).toMatchObject({
          state: 'rewarded',
          outcome: { state: 'done', counted: true, participants: 3 },
        });
      for (const value of rounds.moved()) expect(value).toBeCloseTo(0.25, 4);
      for (const node of nodes) node.close();
    } finally {
      await rounds.remove();
    }
  }
  expect(deaths).toBeGreaterThan(15);
});
