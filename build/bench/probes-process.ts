import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '#node/clock.ts';
import { realMachine } from '#node/resources/machine.ts';
import { readOwnProcesses } from '#node/resources/own-processes.ts';
import { startResourceProbe } from '#node/resources/probe.ts';

/** One process of the bench: idle, or with the probe of the machine. Prints what it took between warming up and its end. */
const [kind = 'idle', seconds = '20'] = process.argv.slice(2);
const warmMs = 4000;
const ticksPerSecond = 100;

/** Time of the processor in seconds: this process's, exactly, and its children's, living and ended. */
function spent(): { own: number; children: number } {
  const { user, system } = process.cpuUsage();
  const living = (readOwnProcesses(realMachine, process.pid) ?? []).filter(({ pid }) => pid !== process.pid);
  const ended = [process.pid, ...living.map(({ pid }) => pid)].map(endedChildren);
  const children = [...living.map(({ cpuSeconds }) => cpuSeconds), ...ended].reduce(
    (sum, one) => sum + one,
    0,
  );
  return { own: (user + system) / 1e6, children };
}

function endedChildren(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond;
  } catch {
    return 0;
  }
}

const probe =
  kind === 'idle'
    ? null
    : await startResourceProbe({
        clock: systemClock,
        engines: () => ({ ramBytes: 0, gpuBytes: 0 }),
        modelsDir: tmpdir(),
        settings: () => ({
          exclusiveApps: kind === 'programs' ? ['no-such-program'] : [],
          pauseForFullScreen: true,
          assumedWatts: null,
        }),
      });
const idle = probe === null ? setInterval(() => {}, 2000) : null;
await wait(warmMs);
const before = spent();
const begun = performance.now();
await wait(Number(seconds) * 1000);
const after = spent();
const wall = (performance.now() - begun) / 1000;
console.log(
  JSON.stringify({
    ownPercent: ((after.own - before.own) / wall) * 100,
    childrenPercent: ((after.children - before.children) / wall) * 100,
    gpus: probe?.current.get().gpus.length ?? 0,
  }),
);
if (idle) clearInterval(idle);
probe?.dispose();
process.exit(0);
