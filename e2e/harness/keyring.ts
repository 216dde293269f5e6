import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { vi } from 'vitest';

const run = promisify(execFile);

export interface Keyring {
  /** For programs that are to find it. */
  env: Record<string, string>;
  stop(): void;
}

/** A session bus of its own with an unlocked GNOME keyring on it, whose files are in a folder of its own. */
export async function startKeyring(): Promise<Keyring> {
  const home = mkdtempSync(join(tmpdir(), 'solanalm-keyring-'));
  const runtime = join(home, 'run');
  mkdirSync(runtime, { mode: 0o700 });
  const bus = spawn('dbus-daemon', ['--session', '--nofork', '--nopidfile', '--print-address'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [printed] = (await once(bus.stdout, 'data')) as [Buffer];
  const env = {
    DBUS_SESSION_BUS_ADDRESS: String(printed).trim(),
    XDG_RUNTIME_DIR: runtime,
    XDG_DATA_HOME: home,
  };
  const keyring = spawn('gnome-keyring-daemon', ['--unlock', '--foreground', '--components=secrets'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, ...env },
  });
  keyring.stdin.end('a password');
  // It says nothing when it is ready, but then its name is on the bus.
  const ask = ['--session', '--print-reply', '--dest=org.freedesktop.DBus', '/org/freedesktop/DBus'];
  const owner = ['org.freedesktop.DBus.GetNameOwner', 'string:org.freedesktop.secrets'];
  await vi.waitFor(() => run('dbus-send', [...ask, ...owner], { env: { ...process.env, ...env } }), {
    timeout: 10_000,
    interval: 100,
  });
  return {
    env,
    stop() {
      keyring.kill();
      bus.kill();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
