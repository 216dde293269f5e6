import { ready, setBackend } from '@tensorflow/tfjs-core';
import type { Ops } from './ops.ts';
import { portableOps } from './portable-ops.ts';
import { openWasmBackend } from './wasm-backend.ts';
import { hasRelaxedSimd, loadKernels } from './wasm-kernels.ts';
import { createWasmOps } from './wasm-ops.ts';

export interface Engine {
  readonly name: 'tensorflow-gpu' | 'tensorflow' | 'wasm' | 'cpu';
  /** What it runs on, for people. */
  readonly device: string;
  readonly usesGpu: boolean;
  readonly ops: Ops;
}

/** TensorFlow.js on its WebAssembly backend, with our own kernels for what training needs. */
export async function openWasmEngine(): Promise<Engine> {
  const memory = await openWasmBackend();
  return {
    name: 'wasm',
    device: hasRelaxedSimd() ? 'CPU (SIMD, fused multiply-add)' : 'CPU (SIMD)',
    usesGpu: false,
    ops: createWasmOps(memory, loadKernels(memory.memory)),
  };
}

/** TensorFlow.js in plain JavaScript: slow, and what the others are compared with. */
export async function openCpuEngine(): Promise<Engine> {
  await import('@tensorflow/tfjs-backend-cpu');
  await setBackend('cpu');
  await ready();
  return {
    name: 'cpu',
    device: 'CPU (JavaScript)',
    usesGpu: false,
    ops: portableOps,
  };
}
