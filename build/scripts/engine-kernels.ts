import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import asc from 'assemblyscript/asc';

const root = join(import.meta.dirname, '../..');
const sources = join(root, 'src/node/training/engine/kernels');

/** The kernels' two builds: for every processor with SIMD, and with fused multiply-add where the engine knows relaxed SIMD. */
export const kernelBuilds = { simd: ['simd'], relaxed: ['simd', 'relaxed-simd'] } as const;
export type KernelBuild = keyof typeof kernelBuilds;

export const kernelPath = (build: KernelBuild): string => join(root, 'resources/engine', `${build}.wasm`);

/** Compiles the AssemblyScript of `engine/kernels`. Its files end in `.as`, for they are not TypeScript. */
export async function compileKernels(build: KernelBuild): Promise<Uint8Array> {
  let binary: Uint8Array | null = null;
  const { error, stderr } = await asc.main(
    [
      'index.ts',
      ...[
        '--runtime',
        'stub',
        '--importMemory',
        '--noAssert',
        '-O3',
        '--converge',
        '--outFile',
        'kernels.wasm',
      ],
      ...kernelBuilds[build].flatMap((feature) => ['--enable', feature]),
    ],
    {
      readFile: (name) => readSource(name),
      writeFile: (name, contents) => {
        if (name.endsWith('.wasm')) binary = contents as Uint8Array;
      },
      listFiles: () => [],
    },
  );
  if (error || !binary) throw new Error(`The kernels do not compile: ${stderr.toString()}`, { cause: error });
  return binary;
}

function readSource(name: string): string | null {
  try {
    return readFileSync(join(sources, name.replace(/\.ts$/, '.as')), 'utf8');
  } catch {
    return null;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  for (const build of Object.keys(kernelBuilds) as KernelBuild[])
    writeFileSync(kernelPath(build), await compileKernels(build));
