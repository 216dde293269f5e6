import { expect, test } from 'vitest';
import { createRecordedMachine, recorded } from '#testing/recorded-machine.ts';
import { descendants, ownLoadBetween, parsePs, parseStat, readOwnProcesses } from './own-processes.ts';
import { createProgramList, listedOf, parseTasklist } from './programs.ts';

const stat = (pid: number, name: string, ticks: number, pages: number) =>
  `${pid} (${name}) S 1 ${pid} ${pid} 0 -1 4194304 900 0 0 0 ${ticks} ${ticks} 7 9 20 0 11 0 8812 1000000 ${pages} 18446744073709551615 1 1`;

test('the node’s own part is its processes’ and their children’s time, of all cores', () => {
  const { machine, files } = createRecordedMachine({
    files: {
      '/proc/10/stat': stat(10, 'node', 100, 1000),
      '/proc/10/task/10/children': '11 12 ',
      '/proc/11/stat': stat(11, 'a (worker) x', 200, 2000),
      '/proc/11/task/11/children': '13 ',
      '/proc/13/stat': stat(13, 'nvidia-smi', 0, 10),
    },
  });
  const before = readOwnProcesses(machine, 10) ?? [];
  expect(before.map(({ pid, residentBytes }) => [pid, residentBytes])).toEqual([
    [10, 4_096_000],
    [11, 8_192_000],
    [13, 40_960],
  ]);
  files['/proc/11/stat'] = stat(11, 'a (worker) x', 400, 2000);
  expect(ownLoadBetween(before, readOwnProcesses(machine, 10) ?? [], 2000, 4)).toBe(0.5);
});

test('where the kernel does not tell who started whom, the own part is unknown', () => {
  expect(readOwnProcesses(createRecordedMachine({}).machine, 10)).toBeNull();
  const { machine } = createRecordedMachine({ files: { '/proc/10/stat': stat(10, 'node', 1, 1) } });
  expect(readOwnProcesses(machine, 10)).toBeNull();
  expect([null, '', '10 (x', '10 (x) S 1 2 3'].map(parseStat)).toEqual([null, null, null, null]);
  expect(ownLoadBetween([], [], 2000, 4)).toBeNull();
});

test('on macOS ps tells the same', () => {
  const rows = parsePs(recorded('ps-macos-15-node-and-others.txt'));
  expect(rows).toHaveLength(6);
  expect(rows[3]).toMatchObject({ pid: 544, parentPid: 530, cpuSeconds: 3761.25, name: 'node' });
  expect(rows[4]?.cpuSeconds).toBe(2 * 86_400 + 3 * 3600);
  expect(rows[5]?.name).toBe('Google Chrome');
  expect(descendants(rows, 530).map(({ pid }) => pid)).toEqual([530, 544]);
});

test('programs have the names people know them by, each once, without the kernel’s own threads', () => {
  const process = (pid: number, comm: string, ...words: string[]) => ({
    [`/proc/${pid}/comm`]: `${comm}\n`,
    [`/proc/${pid}/cmdline`]: words.length > 0 ? `${words.join('\0')}\0` : '',
  });
  const { machine } = createRecordedMachine({
    files: {
      ...process(2, 'kthreadd'),
      ...process(300, 'firefox', '/usr/lib/firefox/firefox'),
      ...process(301, 'Isolated Web Co', '/usr/lib/firefox/firefox', '-contentproc'),
      ...process(302, 'Cyberpunk2077.e', 'C:\\Games\\bin\\x64\\Cyberpunk2077.exe'),
      ...process(303, 'render.py', 'python3', './render.py'),
      ...process(304, 'MainThread', 'node', 'server.js'),
      ...process(305, 'bash', '-bash'),
    },
    links: { '/proc/301/exe': '/usr/lib/firefox/firefox', '/proc/304/exe': '/usr/bin/node (deleted)' },
  });
  expect(createProgramList(machine).names(0)).toEqual([
    'bash',
    'Cyberpunk2077.exe',
    'firefox',
    'node',
    'render.py',
  ]);
});

test('Windows lists programs with their endings, the operator need not', () => {
  const running = parseTasklist(recorded('tasklist-windows-11.txt'));
  expect(running).toEqual(['cs2.exe', 'node.exe', 'svchost.exe']);
  expect(listedOf(['CS2', 'blender', ' Node.exe'], running)).toEqual(['CS2', ' Node.exe']);
});
