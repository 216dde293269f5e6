import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { createFakeClock } from '#testing/fake-clock.ts';
import { newKey } from '#testing/scripted-api.ts';
import { createScriptedRounds } from '#testing/scripted-rounds.ts';
import { openRoundLog } from './round-log.ts';
import type { Step } from './round-record.ts';

const folder = mkdtempSync(join(tmpdir(), 'round-log-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const newFile = () => join(folder, `${randomUUID()}.db`);
const { clock, advance } = createFakeClock();
const open = (file: string) => openRoundLog(file, { clock });

const key = { ...newKey(), nodeId: 'slm-log' };
const { offer, task } = createScriptedRounds({ key, deadlineMs: 1 });
const steps: Record<Step['state'], Step> = {
  selected: {
    state: 'selected',
    gatewayUrl: 'http://127.0.0.1:9',
    gatewayKey: key.publicKey,
    network: 'test-credits',
    offer,
    task,
    dataId: 'data',
    examples: 40,
  },
  downloading: { state: 'downloading' },
  training: { state: 'training' },
  uploading: {
    state: 'uploading',
    steps: 4,
    examples: 40,
    loss: 0.5,
    accuracy: null,
    durationMs: 10,
    epsilon: 0.25,
  },
  rewarded: { state: 'rewarded', outcome: { state: 'failed', reason: 'it was over' } },
  failed: { state: 'failed', error: { code: 'training/left', message: 'This node left the round.' } },
};
const order = Object.keys(steps) as Step['state'][];

test('a round goes forward only, each state once, and nowhere after its end; a restart reads the same', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...order), { maxLength: 12 }), (wanted) => {
      const file = newFile();
      const log = open(file);
      let reached = -1;
      for (const state of wanted) {
        const before = log.current() ?? log.ended(1)[0] ?? null;
        const isEnded = reached >= order.indexOf('rewarded');
        const mayGo = reached === -1 ? state === 'selected' : !isEnded && order.indexOf(state) > reached;
        advance(1);
        if (mayGo) {
          reached = order.indexOf(state);
          expect(log.append('round-1', steps[state])).toMatchObject({ state, at: clock.now() });
        } else {
          expect(() => log.append('round-1', steps[state])).toThrow(
            expect.objectContaining({ code: 'training/round-failed' }),
          );
          expect(log.current() ?? log.ended(1)[0] ?? null).toEqual(before);
        }
      }
      const seen = { current: log.current(), ended: log.ended(10), knows: log.knows('round-1') };
      expect(seen.knows).toBe(reached >= 0);
      expect(seen.current === null).toBe(reached === -1 || reached >= order.indexOf('rewarded'));
      log.close();
      const again = open(file);
      expect({ current: again.current(), ended: again.ended(10), knows: again.knows('round-1') }).toEqual(
        seen,
      );
      again.close();
    }),
    { numRuns: 40 },
  );
});

test('the newest rounds come first, no more than were asked for', () => {
  const log = open(newFile());
  for (const id of ['one', 'two', 'three']) {
    log.append(id, steps.selected);
    log.append(id, steps.failed);
  }
  expect(log.ended(2).map(({ roundId }) => roundId)).toEqual(['three', 'two']);
  log.close();
});

test('what was written is changed and removed by nobody', () => {
  const file = newFile();
  const log = open(file);
  log.append('round-1', steps.selected);
  const database = new Database(file);
  expect(() => database.exec("UPDATE steps SET state = 'failed'")).toThrow(/append-only/);
  expect(() => database.exec('DELETE FROM steps')).toThrow(/append-only/);
  database.close();
  log.close();
});

test('an error code of a later version does not make the log unreadable', () => {
  const file = newFile();
  const log = open(file);
  log.append('round-1', steps.selected);
  const database = new Database(file);
  const detail = { state: 'failed', error: { code: 'training/of-tomorrow', message: 'It went wrong anew.' } };
  database
    .prepare('INSERT INTO steps (round_id, at, state, detail) VALUES (?, ?, ?, ?)')
    .run('round-1', 1, 'failed', JSON.stringify(detail));
  database.close();
  expect(log.ended(1)[0]?.end).toEqual({
    state: 'failed',
    error: { code: 'training/round-failed', message: 'It went wrong anew.' },
  });
  log.close();
});

test('a step that could not be read again is not written', () => {
  const log = open(newFile());
  const odd = { ...steps.selected, offer: { ...offer, round_id: '../round' } } as Step;
  expect(() => log.append('round-1', odd)).toThrow();
  expect(log.knows('round-1')).toBe(false);
  log.append('round-1', steps.selected);
  expect(log.current()?.roundId).toBe('round-1');
  log.close();
});
