import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { createSavedFiles } from './saved-files.ts';

const place = () => join(mkdtempSync(join(tmpdir(), 'saved-')), 'earnings.csv');

test('a file is in its place only when it is whole', async () => {
  const path = place();
  writeFileSync(path, 'of last year');
  const files = createSavedFiles();
  const id = await files.create(path);
  await files.append(id, 'one\r\n');
  await files.append(id, 'two\r\n');
  expect(readFileSync(path, 'utf8')).toBe('of last year');
  await files.close(id, true);
  expect(readFileSync(path, 'utf8')).toBe('one\r\ntwo\r\n');
  await expect(files.append(id, 'three')).rejects.toMatchObject({ code: 'request/not-found' });
});

test('one that could not be finished leaves nothing behind', async () => {
  const path = place();
  const files = createSavedFiles();
  const id = await files.create(path);
  await files.append(id, 'one');
  await files.close(id, false);
  expect(existsSync(path)).toBe(false);
  expect(existsSync(`${path}.part`)).toBe(false);
});

test('a place where nothing may be written is told, and what stood there stays', async () => {
  const path = place();
  writeFileSync(path, 'of last year');
  const files = createSavedFiles();
  const dir = dirname(path);
  await expect(files.create(join(dir, 'gone', 'earnings.csv'))).rejects.toMatchObject({
    code: 'file/not-writable',
    message: `earnings.csv could not be written to ${join(dir, 'gone')} (ENOENT).`,
  });
  const id = await files.create(path);
  await files.append(id, 'one');
  rmSync(`${path}.part`);
  await expect(files.close(id, true)).rejects.toMatchObject({ code: 'file/not-writable' });
  expect(readFileSync(path, 'utf8')).toBe('of last year');
});
