import { expect, test } from 'vitest';
import { createFakeClock } from '#testing/fake-clock.ts';
import { createRecordedMachine, recorded } from '#testing/recorded-machine.ts';
import { unknownSurroundings } from '#testing/sample-machine.ts';
import { parsePmset, readBattery } from './battery.ts';
import {
  parseActiveWindow,
  parseFullScreenWindow,
  parseGnomeIdle,
  parseMetered,
  parseXprintidle,
} from './desktop.ts';
import { createSurroundings, isInUse, type ShellWord } from './surroundings.ts';
import { parseWindowsWord, type WindowsWord } from './windows-watch.ts';

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

function start(given: Parameters<typeof createRecordedMachine>[0], more: { windows?: WindowsWord } = {}) {
  const time = createFakeClock();
  const recording = createRecordedMachine(given);
  const settings = { exclusiveApps: [] as string[], pauseForFullScreen: true };
  const running: string[] = [];
  let shell: ShellWord | null = null;
  const probe = createSurroundings({
    machine: recording.machine,
    clock: time.clock,
    settings: () => settings,
    shell: () => shell,
    windows: () => more.windows ?? null,
    programs: async () => running,
    interfaceName: () => 'eth0',
  });
  return {
    ...recording,
    time,
    settings,
    running,
    setShell(word: ShellWord | null) {
      shell = word;
    },
    /** Two readings: what is asked for in the first is there in the second. */
    async read() {
      probe.read();
      await turn();
      return probe.read();
    },
  };
}

test('of a headless server nothing is known: nobody sits there', async () => {
  const surroundings = await start({}).read();
  expect(surroundings).toEqual(unknownSurroundings);
  expect(isInUse(surroundings, 3, false)).toBe(false);
});

test('the shell’s word wins over what tools say', async () => {
  const { setShell, read, asked } = start({ env: { DISPLAY: ':0' }, tools: { xprintidle: '900000\n' } });
  setShell({ idleSeconds: 4, onBattery: true, thermalState: 'serious', isLocked: false });
  expect(await read()).toMatchObject({ idleSeconds: 4, onBattery: true, thermalState: 'serious' });
  expect(asked.filter((line) => line.startsWith('xprintidle'))).toEqual([]);
});

test('somebody uses the computer from a key until some minutes after, unless the screen is locked', () => {
  const at = (idleSeconds: number | null, isLocked = false) => isInUse({ idleSeconds }, 3, isLocked);
  expect([at(0), at(179), at(180), at(null), at(5, true)]).toEqual([true, true, false, false, false]);
});

test('idle time without a shell: X11, GNOME, or a text console', async () => {
  const x11 = start({ env: { DISPLAY: ':0' }, tools: { xprintidle: '65300\n' } });
  expect((await x11.read()).idleSeconds).toBe(65);
  x11.time.advance(3000);
  expect((await x11.read()).idleSeconds).toBe(68);
  const gnome = start({ env: { XDG_CURRENT_DESKTOP: 'ubuntu:GNOME' }, tools: { gdbus: '(uint64 5230,)\n' } });
  expect((await gnome.read()).idleSeconds).toBe(5);
  const at = Date.UTC(2026, 0, 1) - 40_000;
  const console = start({
    terminals: { '/dev/tty1': { at: at - 9e6, user: 0 }, '/dev/tty2': { at, user: 1000 } },
  });
  expect((await console.read()).idleSeconds).toBe(40);
});

test('a tool that hangs, fails or talks nonsense leaves its figure unknown', async () => {
  const env = { DISPLAY: ':0', XDG_CURRENT_DESKTOP: 'GNOME' };
  for (const answer of ['hangs', 'absent', new Error('no display'), 'NaN', '-5', 'zażółć \u0000'] as const) {
    const tools = { xprintidle: answer, gdbus: answer, xprop: answer, nmcli: answer };
    expect(await start({ env, tools }).read()).toEqual(unknownSurroundings);
  }
});

test('a laptop on its battery, one on mains, and a desktop with a wireless mouse', () => {
  const supply = (name: string, cells: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(cells).map(([file, text]) => [`/sys/class/power_supply/${name}/${file}`, `${text}\n`]),
    );
  const battery = supply('BAT0', { type: 'Battery', status: 'Discharging', capacity: '64' });
  const read = (files: Record<string, string>) => readBattery(createRecordedMachine({ files }).machine);
  expect(read({ ...battery, ...supply('AC', { type: 'Mains', online: '0' }) })).toEqual({
    onBattery: true,
    batteryPercent: 64,
  });
  expect(read({ ...battery, ...supply('AC', { type: 'Mains', online: '1' }) })).toEqual({
    onBattery: false,
    batteryPercent: 64,
  });
  expect(read(battery)).toEqual({ onBattery: true, batteryPercent: 64 });
  expect(
    read(
      supply('hidpp_battery_0', { type: 'Battery', scope: 'Device', status: 'Discharging', capacity: '20' }),
    ),
  ).toEqual({
    onBattery: false,
    batteryPercent: null,
  });
  expect(read(supply('BAT0', { type: 'Battery', status: 'Unknown', capacity: '900' }))).toEqual({
    onBattery: null,
    batteryPercent: null,
  });
});

test('pmset of two versions of macOS', () => {
  expect(parsePmset(recorded('pmset-macos-14-on-battery.txt'))).toEqual({
    onBattery: true,
    batteryPercent: 72,
  });
  expect(parsePmset(recorded('pmset-macos-15-on-mains.txt'))).toEqual({
    onBattery: false,
    batteryPercent: 100,
  });
  expect(parsePmset(recorded('pmset-macos-15-no-battery.txt'))).toEqual({
    onBattery: false,
    batteryPercent: null,
  });
  expect(parsePmset('pmset: command failed')).toBeNull();
});

test('a game that fills the screen is named; a large window and this app’s own are none', async () => {
  const shown = (name: string) => parseFullScreenWindow(recorded(name));
  expect(shown('xprop-x11-full-screen-game.txt')).toBe('Counter-Strike 2');
  expect(shown('xprop-x11-maximised-browser.txt')).toBeNull();
  expect(shown('xprop-x11-own-window-full-screen.txt')).toBeNull();
  expect(parseActiveWindow(recorded('xprop-x11-nothing-active.txt'))).toBeNull();
  const { read, settings, asked } = start({
    env: { DISPLAY: ':0' },
    tools: {
      'xprop -root': recorded('xprop-x11-active-window.txt'),
      'xprop -id 0x3a00007': recorded('xprop-x11-full-screen-game.txt'),
    },
  });
  expect((await read()).fullScreenApp).toBe('Counter-Strike 2');
  settings.pauseForFullScreen = false;
  const before = asked.length;
  expect((await read()).fullScreenApp).toBeNull();
  expect(asked.slice(before).some((line) => line.startsWith('xprop'))).toBe(false);
});

test('a metered network, as NetworkManager knows or guesses it', async () => {
  expect(parseMetered(recorded('nmcli-1.46-metered-guessed.txt'))).toBe(true);
  expect(parseMetered(recorded('nmcli-1.30-not-metered-guessed.txt'))).toBe(false);
  expect(parseMetered(recorded('nmcli-1.46-unknown.txt'))).toBeNull();
  const tools = { 'nmcli -t -f GENERAL.METERED dev show eth0': recorded('nmcli-1.46-metered-guessed.txt') };
  expect((await start({ tools }).read()).isMetered).toBe(true);
});

test('which of the operator’s programs run', async () => {
  const { settings, running, read } = start({});
  running.push('bash', 'Blender');
  settings.exclusiveApps.push('blender', 'cs2');
  expect((await read()).exclusiveApps).toEqual(['blender']);
});

test('on Linux heat shows in how often the processor had to slow down', async () => {
  const file = '/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count';
  const { read, files, time } = start({ files: { [file]: '12\n' } });
  expect((await read()).thermalState).toBe('nominal');
  files[file] = '15\n';
  expect((await read()).thermalState).toBe('serious');
  time.advance(61_000);
  expect((await read()).thermalState).toBe('nominal');
});

test('Windows tells all of it in one line', async () => {
  const word = parseWindowsWord(recorded('powershell-5.1-windows-11-laptop-in-a-game.txt'));
  expect(word?.processes?.[2]).toMatchObject({
    pid: 530,
    parentPid: 512,
    cpuSeconds: 41.5,
    name: 'node.exe',
  });
  expect(word?.network).toEqual({ name: 'Wi-Fi', receivedBytes: 61022334455, sentBytes: 4022334455 });
  const { read } = start({ platform: 'win32' }, word ? { windows: word } : {});
  expect(await read()).toMatchObject({
    idleSeconds: 5,
    onBattery: true,
    batteryPercent: 64,
    fullScreenApp: 'cs2',
    isMetered: true,
  });
  expect(parseWindowsWord(recorded('powershell-5.1-windows-10-desktop.txt'))).toMatchObject({
    onBattery: false,
    batteryPercent: null,
    fullScreenApp: null,
    isMetered: false,
    processes: null,
  });
  expect(['', '{', '[]', '{"idleMs":"x"}', 'Add-Type : Cannot'].map(parseWindowsWord)).toEqual([
    null,
    null,
    null,
    null,
    null,
  ]);
});

test('idle times that cannot be are none', () => {
  expect(['-1', '1e9', '', '99999999999999999999'].map(parseXprintidle)).toEqual([null, null, null, null]);
  expect(parseGnomeIdle('Error: GDBus.Error')).toBeNull();
});
