import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { recorded } from '#testing/recorded-machine.ts';
import type { BenchOptions } from './index.ts';

const seconds = 20;
const execute = promisify(execFile);

/**
 * Share of one processor that the machine's probe takes at its interval of 2 s, its tools included, beside an idle process. With a
 * stand-in for `nvidia-smi`: it answers as the real one does, but what the real one takes of the processor itself is not in it.
 */
export async function run(_options: BenchOptions) {
  const dir = mkdtempSync(join(tmpdir(), 'solanalm-bench-'));
  try {
    writeStandIn(dir);
    const withTool = `${dir}:${process.env.PATH}`;
    const idle = await measure('idle', process.env.PATH);
    const plain = await measure('probe', process.env.PATH);
    const gpu = await measure('probe', withTool);
    const programs = await measure('programs', withTool);
    const above = ({ ownPercent, childrenPercent }: Figures) =>
      Number((ownPercent + childrenPercent - idle.ownPercent - idle.childrenPercent).toFixed(3));
    return {
      bench: 'probes',
      seconds,
      goalCpuPercent: 0.5,
      idleCpuPercent: Number(idle.ownPercent.toFixed(3)),
      cpuPercent: above(plain),
      withGpuToolCpuPercent: above(gpu),
      withGpuToolAndListOfProgramsCpuPercent: above(programs),
      childrenOfThatPercent: Number(programs.childrenPercent.toFixed(3)),
      gpusSeen: gpu.gpus,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Figures {
  ownPercent: number;
  childrenPercent: number;
  gpus: number;
}

async function measure(kind: 'idle' | 'probe' | 'programs', path: string | undefined): Promise<Figures> {
  const entry = new URL('probes-process.ts', import.meta.url).pathname;
  const { stdout } = await execute(process.execPath, [entry, kind, `${seconds}`], {
    env: { ...process.env, PATH: path },
  });
  return JSON.parse(stdout);
}

/** Prints a batch at the interval it is asked for, without starting anything. */
function writeStandIn(dir: string): void {
  const file = join(dir, 'nvidia-smi');
  const figures = recorded('nvidia-smi-550-two-gpus-one-withholds.txt').trimEnd();
  const [heading, units, ...rows] = recorded('nvidia-smi-pmon-550-compute-and-graphics.txt')
    .trimEnd()
    .split('\n');
  writeFileSync(
    file,
    `#!/bin/bash
exec 3<> <(:)
batch='${figures}'; pause=2
if [[ "$1" == pmon ]]; then
  printf '%s\\n' '${heading}' '${units}'
  batch='${rows.join('\n')}'; pause=10
fi
while true; do
  printf '%s\\n' "$batch" || exit 0
  [[ "$*" == *" -l "* || "$1" == pmon ]] || exit 0
  read -r -t $pause -u 3
done
`,
  );
  chmodSync(file, 0o755);
}
