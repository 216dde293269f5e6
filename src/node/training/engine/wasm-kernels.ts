import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resourcesDir } from '../../entries.ts';

type Call = (...args: number[]) => number;
const names = [
  'gemm',
  'gemmBatch',
  'gemmNorms',
  'gemmScratch',
  'activate',
  'activationGradient',
  'adam',
  'addScaled',
  'biasActivation',
  'scaleRows',
  'addToRows',
  'columnSums',
  'gatherRows',
  'productSums',
  'repeatRows',
  'rowSquares',
  'segmentNorms',
  'segmentSum',
  'sumSquares',
  'weightedSum',
  'convolve',
  'convolveFilterGradient',
  'convolveInputGradient',
  'maxPool',
  'maxPoolGradient',
  'attention',
  'attentionGradient',
  'crossEntropy',
  'layerNorm',
  'layerNormGradient',
  'lstm',
  'lstmGradient',
] as const;
export type Kernels = Record<(typeof names)[number], Call>;

/** (module (func (drop (f32x4.relaxed_madd …)))): compiles only where relaxed SIMD is known. */
const relaxedProbe = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0],
  ...[10, 20, 1, 18, 0, 65, 0, 253, 17, 65, 0, 253, 17, 65, 0, 253, 17, 253, 133, 2, 26, 11],
);

/** Whether products and sums are fused here: faster, and rounded once instead of twice. */
export const hasRelaxedSimd = (): boolean => WebAssembly.validate(relaxedProbe);

/** Our kernels in this memory: those with fused multiply-add where the JavaScript engine knows them. */
export function loadKernels(memory: WebAssembly.Memory): Kernels {
  const build = hasRelaxedSimd() ? 'relaxed' : 'simd';
  const module = new WebAssembly.Module(readFileSync(join(resourcesDir(), 'engine', `${build}.wasm`)));
  return new WebAssembly.Instance(module, { env: { memory } }).exports as Kernels;
}
