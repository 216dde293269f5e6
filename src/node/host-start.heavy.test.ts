import { execFileSync, fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { writeOldLedger } from '#testing/old-ledger.ts';
import { smallDisk } from '#testing/small-disk.ts';

interface Message {
  type: string;
  progress?: number;
  error?: { code: string; message: string };
  mayPass?: boolean;
}

/** Starts a host as the shell does, until it is ready or has ended: what it says in between, and its exit code (null: it was ready). */
async function start(profile: string): Promise<{ messages: Message[]; code: number | null }> {
  const entry = new URL('index.ts', import.meta.url).pathname;
  const child = fork(entry, ['serve', '--profile', profile, '--shell'], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const messages: Message[] = [];
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.send({ type: 'secrets', secrets: null });
  const ready = new Promise<null>((resolve) => {
    child.on('message', (message: Message) => {
      messages.push(message);
      if (message.type === 'ready') resolve(null);
    });
  });
  const code = await Promise.race([ready, exited]);
  if (code === null) child.send({ type: 'shutdown' });
  await exited;
  return { messages, code };
}
const freshProfile = () => mkdtempSync(join(tmpdir(), 'solanalm-start-'));
const faultOf = ({ messages }: { messages: Message[] }) => messages.find(({ type }) => type === 'fault');

test('on a full disk a host says so before it ends: a new one, and one that has run before', async ({
  skip,
}) => {
  const disk = smallDisk();
  if (disk === null) return skip('this user may not mount a small disk');
  try {
    const known = join(disk, 'known');
    mkdirSync(known);
    expect((await start(known)).code).toBeNull();
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize));
    for (const profile of [known, join(disk, 'new')]) {
      const { code, messages } = await start(profile);
      expect(code).toBe(1);
      expect(messages).toEqual([
        { type: 'fault', error: expect.objectContaining({ code: 'disk/full' }), mayPass: false },
      ]);
    }
    rmSync(join(disk, 'filler'));
    expect((await start(known)).code).toBeNull();
  } finally {
    execFileSync('umount', [disk]);
    rmSync(disk, { recursive: true });
  }
});

test('a damaged ledger is named and stays as it is; a key that is none too', async () => {
  const profile = freshProfile();
  const ledger = join(profile, 'node.db');
  writeOldLedger(ledger, 2000);
  const damaged = readFileSync(ledger).fill('noise ', 4096);
  writeFileSync(ledger, damaged);
  expect(faultOf(await start(profile))).toMatchObject({ error: { code: 'ledger/corrupt' }, mayPass: false });
  expect(readFileSync(ledger).equals(damaged)).toBe(true);

  const other = freshProfile();
  writeFileSync(join(other, 'node-key'), 'no key');
  expect(faultOf(await start(other))).toMatchObject({
    error: { code: 'profile/unreadable', message: 'node-key is damaged, or of a newer version.' },
  });
  expect(readFileSync(join(other, 'node-key'), 'utf8')).toBe('no key');
});

test('settings of a newer version are no reason not to start', async () => {
  const profile = freshProfile();
  writeFileSync(
    join(profile, 'settings.json'),
    JSON.stringify({ theme: 'dark', ofTomorrow: { much: true } }),
  );
  expect((await start(profile)).code).toBeNull();
});

test('a ledger that another process still has may be free the next time', async () => {
  const profile = freshProfile();
  const holder = new Database(join(profile, 'node.db'));
  holder.exec('BEGIN EXCLUSIVE');
  expect(faultOf(await start(profile))).toMatchObject({
    error: { code: 'ledger/not-writable' },
    mayPass: true,
  });
  holder.close();
  expect((await start(profile)).code).toBeNull();
});

test('an old ledger is brought up to date before the host serves, and the shell is told how far', async () => {
  const profile = freshProfile();
  writeOldLedger(join(profile, 'node.db'), 30_000);
  const { messages } = await start(profile);
  const told = messages.filter(({ type }) => type === 'preparing').map(({ progress }) => progress);
  expect(told[0]).toBe(0);
  expect(told.at(-1)).toBe(1);
  expect(messages.findIndex(({ type }) => type === 'ready')).toBeGreaterThanOrEqual(told.length);
});
