import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createFakeClock } from '#testing/fake-clock.ts';
import { createTrainingFiles, type TrainingFiles } from './training-files.ts';

let dir: string;
let files: TrainingFiles;
let inUse: Set<string>;
let mostBytes: number | null;
let time: ReturnType<typeof createFakeClock>;
const source = (letter: string) => letter.repeat(24);
const format = 'f'.repeat(24);
const cached = () => readdirSync(join(dir, 'cache')).sort();

/** A file of the cache, changed so many minutes ago. */
function put(name: string, bytes: number, minutesAgo: number): void {
  const path = join(dir, 'cache', name);
  writeFileSync(path, Buffer.alloc(bytes));
  const at = Date.UTC(2026, 0, 1) / 1000 - minutesAgo * 60;
  utimesSync(path, at, at);
}

/** 1000 bytes that stay; 3000 of `a`, the oldest, in three files; 2000 of `b`; 1000 of `c`, unpacked. */
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'training-files-'));
  mkdirSync(join(dir, 'cache'));
  mkdirSync(join(dir, 'gpu-engine/lib'), { recursive: true });
  writeFileSync(join(dir, 'gpu-engine/lib/engine.so'), Buffer.alloc(600));
  writeFileSync(join(dir, 'rounds.db'), Buffer.alloc(400));
  put(`${source('a')}${format}.json`, 500, 30);
  put(`${source('a')}${format}-01.entries`, 500, 30);
  put(`${source('a')}${format}-02.pack`, 2000, 30);
  put(`${source('b')}${format}-01.pack`, 2000, 20);
  put(`${source('c')}-stamp.unpacked`, 1000, 10);
  inUse = new Set();
  mostBytes = null;
  time = createFakeClock();
  files = createTrainingFiles({
    dir,
    cacheDir: join(dir, 'cache'),
    inUse: () => inUse,
    mostBytes: () => mostBytes,
    clock: time.clock,
    onFault: (error) => {
      throw error;
    },
  });
});
afterEach(() => {
  files.dispose();
  rmSync(dir, { recursive: true, force: true });
});

test('its folder is measured without being asked, and what can be made anew is told apart', async () => {
  await vi.waitFor(() => expect(files.stored()).toEqual({ bytes: 7000, keptBytes: 1000 }));
  inUse.add(source('b'));
  await files.tidy();
  expect(files.stored()).toEqual({ bytes: 7000, keptBytes: 3000 });
});

test('within its part, or while the disk is not known, nothing is deleted', async () => {
  await files.tidy();
  mostBytes = 7000;
  await files.tidy();
  expect(cached()).toHaveLength(5);
});

test('above its part converted data go, the oldest first and all of a source’s files at once, no more than it takes', async () => {
  mostBytes = 4500;
  await files.tidy();
  expect(cached()).toEqual([`${source('b')}${format}-01.pack`, `${source('c')}-stamp.unpacked`]);
  expect(files.stored()?.bytes).toBe(4000);
});

test('data that a round learns from stay, however little may be taken, and so does what is no converted data', async () => {
  mostBytes = 0;
  inUse.add(source('a'));
  await files.tidy();
  expect(cached()).toHaveLength(3);
  expect(cached().every((name) => name.startsWith(source('a')))).toBe(true);
  expect(readdirSync(dir).sort()).toEqual(['cache', 'gpu-engine', 'rounds.db']);
});

test('a part that has become less is met within a minute', async () => {
  await vi.waitFor(() => expect(files.stored()).not.toBeNull());
  mostBytes = 2000;
  await vi.waitFor(() => {
    time.advance(60_000);
    expect(cached()).toEqual([`${source('c')}-stamp.unpacked`]);
  });
});
