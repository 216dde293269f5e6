import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { type BackendWasm, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { engine, ready, setBackend, type Tensor } from '@tensorflow/tfjs-core';
import { AppError } from '#contract/errors.ts';

/** The part of the backend's Emscripten module that our kernels share with it. */
interface WasmModule {
  asm: { memory: WebAssembly.Memory };
  HEAPF32: Float32Array;
  HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(offset: number): void;
}

/** Memory of TensorFlow.js's WebAssembly backend: tensors by their place, and scratch. */
export interface WasmMemory {
  readonly memory: WebAssembly.Memory;
  /** Numbers of the whole memory; to be asked for anew after each allocation, which may move it. */
  readonly numbers: Float32Array;
  /** Byte offset of a tensor. */
  at(tensor: Tensor): number;
  /** A tensor that is not cleared. `training/out-of-memory` where no memory is left. */
  allocate(shape: number[]): Tensor;
  /** Byte offset of at least so many bytes, the same memory each time. */
  scratch(bytes: number): number;
}

/** Makes TensorFlow.js's WebAssembly backend the current one and gives its memory. */
export async function openWasmBackend(): Promise<WasmMemory> {
  const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(dirname(entry) + sep);
  await setBackend('wasm');
  await ready();
  const backend = engine().backend as BackendWasm;
  const module = backend.wasm as unknown as WasmModule;
  let scratchAt = 0;
  let scratchBytes = 0;

  const outOfMemory = (bytes: number) =>
    new AppError('training/out-of-memory', 'The model and a batch of it do not fit into memory.', {
      data: { bytes, usedBytes: module.asm.memory.buffer.byteLength },
    });
  return {
    memory: module.asm.memory,
    get numbers() {
      return module.HEAPF32;
    },
    at: (tensor) => backend.getMemoryOffset(tensor.dataId),
    allocate(shape) {
      const info = backend.makeOutput(shape, 'float32');
      if (backend.getMemoryOffset(info.dataId) === 0)
        throw outOfMemory(shape.reduce((size, extent) => size * extent, 4));
      return engine().makeTensorFromTensorInfo(info);
    },
    scratch(bytes) {
      if (bytes <= scratchBytes) return scratchAt;
      if (scratchAt) module._free(scratchAt);
      scratchBytes = Math.ceil(bytes * 1.25);
      scratchAt = module._malloc(scratchBytes) >>> 0;
      if (scratchAt === 0) {
        scratchBytes = 0;
        throw outOfMemory(bytes);
      }
      return scratchAt;
    },
  };
}
