import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openRoundFolder } from './round-folder.ts';

test('what a round keeps is read as it was written, by its user alone, and goes with the round', () => {
  const dir = mkdtempSync(join(tmpdir(), 'round-folder-'));
  const folder = openRoundFolder(dir, 'round-1');
  expect(folder.read('secrets')).toBeNull();
  folder.write('secrets', Uint8Array.of(1, 2));
  folder.write('secrets', Uint8Array.of(3));
  expect(folder.read('secrets')).toEqual(Uint8Array.of(3));
  const kept = join(dir, 'rounds/round-1');
  expect(readdirSync(kept)).toEqual(['secrets.bin']);
  if (process.platform !== 'win32') {
    expect(statSync(join(kept, 'secrets.bin')).mode & 0o777).toBe(0o600);
    expect(statSync(kept).mode & 0o777).toBe(0o700);
  }
  folder.remove();
  expect(existsSync(kept)).toBe(false);
  expect(folder.read('secrets')).toBeNull();
  rmSync(dir, { recursive: true });
});
