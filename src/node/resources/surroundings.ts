import type { Surroundings } from '#contract/resources.ts';
import type { Settings } from '#contract/settings.ts';
import type { Clock } from '../clock.ts';
import { type Battery, parsePmset, readBattery, unknownBattery } from './battery.ts';
import {
  macFullScreenScript,
  parseActiveWindow,
  parseFullScreenWindow,
  parseGnomeIdle,
  parseMacFullScreen,
  parseMetered,
  parseXprintidle,
} from './desktop.ts';
import { figure } from './figure.ts';
import type { Machine } from './machine.ts';
import { known, paced } from './paced.ts';
import { readThrottleCount } from './processor.ts';
import { listedOf } from './programs.ts';
import type { WindowsWord } from './windows-watch.ts';

const idleEveryMs = 5000;
const programsEveryMs = 10_000;
const screenEveryMs = { linux: 10_000, darwin: 60_000 };
const meteredEveryMs = 60_000;
const batteryEveryMs = { linux: 10_000, darwin: 60_000 };
/** After this long without another slowing down the heat is over. */
const throttledForMs = 60_000;
const toolLimitMs = 3000;
const consoles = [1, 2, 3, 4, 5, 6].map((number) => `/dev/tty${number}`);

/** What the desktop shell tells: it knows it better than any tool. */
export interface ShellWord {
  idleSeconds: number | null;
  onBattery: boolean | null;
  thermalState: Surroundings['thermalState'];
  isLocked: boolean;
}

export interface SurroundingsProbe {
  read(): Surroundings;
}

/** Who sits at the computer and how it is fed: the shell's word, else what the system has for it, else unknown. */
export function createSurroundings(parts: {
  machine: Machine;
  clock: Clock;
  settings(): Pick<Settings, 'exclusiveApps' | 'pauseForFullScreen'>;
  shell(): ShellWord | null;
  windows(): WindowsWord | null;
  /** Names of what runs. */
  programs(): Promise<string[]>;
  /** Of the default route. */
  interfaceName(): string | null;
}): SurroundingsProbe {
  const { machine, clock } = parts;
  const isLinux = machine.platform === 'linux';
  const isMac = machine.platform === 'darwin';
  const ask = (tool: string, ...args: string[]) => machine.run(tool, args, toolLimitMs);
  let throttle: { count: number; at: number | null } | null = null;

  const idle = paced<{ seconds: number; at: number } | null>({
    clock,
    everyMs: idleEveryMs,
    unknown: null,
    read: async () => ({ seconds: known(await idleSeconds()), at: clock.now() }),
    isWanted: () => (isLinux || isMac) && parts.shell()?.idleSeconds == null,
  });
  const battery = paced<Battery>({
    clock,
    everyMs: isMac ? batteryEveryMs.darwin : batteryEveryMs.linux,
    unknown: unknownBattery,
    read: async () => (isMac ? known(parsePmset(await ask('pmset', '-g', 'batt'))) : readBattery(machine)),
    isWanted: () => isLinux || isMac,
  });
  const fullScreen = paced<string | null>({
    clock,
    everyMs: isMac ? screenEveryMs.darwin : screenEveryMs.linux,
    unknown: null,
    async read() {
      if (isMac)
        return parseMacFullScreen(await ask('osascript', '-l', 'JavaScript', '-e', macFullScreenScript));
      const window = parseActiveWindow(await ask('xprop', '-root', '_NET_ACTIVE_WINDOW'));
      return window && parseFullScreenWindow(await ask('xprop', '-id', window, '_NET_WM_STATE', 'WM_CLASS'));
    },
    isWanted: () =>
      parts.settings().pauseForFullScreen && (isMac || (isLinux && machine.env.DISPLAY !== undefined)),
  });
  const metered = paced<boolean | null>({
    clock,
    everyMs: meteredEveryMs,
    unknown: null,
    read: async () =>
      parseMetered(
        await ask('nmcli', '-t', '-f', 'GENERAL.METERED', 'dev', 'show', known(parts.interfaceName())),
      ),
    isWanted: () => isLinux,
  });
  const programs = paced<string[]>({
    clock,
    everyMs: programsEveryMs,
    unknown: [],
    read: () => parts.programs(),
    isWanted: () => parts.settings().exclusiveApps.length > 0,
  });

  /** Of the desktop, else of whoever is logged in at a text console. A server where nobody is has none. */
  async function idleSeconds(): Promise<number | null> {
    if (isMac) {
      const counted = /"HIDIdleTime"\s*=\s*(\d+)/.exec(
        await ask('ioreg', '-r', '-d', '1', '-k', 'HIDIdleTime'),
      )?.[1];
      const nanoseconds = figure(counted, 0, Number.MAX_SAFE_INTEGER);
      return nanoseconds === null ? null : Math.floor(nanoseconds / 1e9);
    }
    const means: [boolean, () => Promise<number | null>][] = [
      [machine.env.DISPLAY !== undefined, async () => parseXprintidle(await ask('xprintidle'))],
      [
        /gnome/i.test(machine.env.XDG_CURRENT_DESKTOP ?? ''),
        async () =>
          parseGnomeIdle(
            await ask(
              'gdbus',
              ...['call', '--session', '--dest', 'org.gnome.Mutter.IdleMonitor'],
              ...['--object-path', '/org/gnome/Mutter/IdleMonitor/Core'],
              ...['--method', 'org.gnome.Mutter.IdleMonitor.GetIdletime'],
            ),
          ),
      ],
    ];
    for (const [isThere, tell] of means) {
      const seconds = isThere ? await tell().catch(() => null) : null;
      if (seconds !== null) return seconds;
    }
    const typed = consoles.flatMap((path) => {
      const terminal = machine.terminal(path);
      // A console that nobody has logged in to is the administrator's.
      return terminal && terminal.user !== 0 ? [terminal.at] : [];
    });
    return typed.length > 0 ? Math.max(0, Math.floor((clock.now() - Math.max(...typed)) / 1000)) : null;
  }

  function thermalState(now: number): Surroundings['thermalState'] {
    const count = isLinux ? readThrottleCount(machine) : null;
    if (count === null) return null;
    if (throttle && count > throttle.count) throttle = { count, at: now };
    throttle ??= { count, at: null };
    return throttle.at !== null && now - throttle.at < throttledForMs ? 'serious' : 'nominal';
  }

  return {
    read() {
      const now = clock.now();
      const shell = parts.shell();
      const windows = parts.windows();
      const own = idle();
      const fed = battery();
      const { exclusiveApps } = parts.settings();
      return {
        idleSeconds:
          shell?.idleSeconds ??
          (own && own.seconds + Math.max(0, Math.floor((now - own.at) / 1000))) ??
          windows?.idleSeconds ??
          null,
        onBattery: shell?.onBattery ?? fed.onBattery ?? windows?.onBattery ?? null,
        batteryPercent: fed.batteryPercent ?? windows?.batteryPercent ?? null,
        fullScreenApp: fullScreen() ?? windows?.fullScreenApp ?? null,
        exclusiveApps: listedOf(exclusiveApps, programs()),
        isMetered: metered() ?? windows?.isMetered ?? null,
        thermalState: shell?.thermalState ?? thermalState(now),
      };
    },
  };
}

/** Whether somebody uses the computer: a key or a move of the mouse not long ago, and the screen not locked. Unknown is nobody. */
export const isInUse = (
  word: Pick<Surroundings, 'idleSeconds'>,
  idleAfterMinutes: number,
  isLocked: boolean,
): boolean => !isLocked && word.idleSeconds !== null && word.idleSeconds < idleAfterMinutes * 60;
