import { type Engine, openWasmEngine } from './engine.ts';
import { openNativeEngine } from './native-engine.ts';

/**
 * The best engine that works here: TensorFlow on a GPU, native TensorFlow, else WebAssembly with our own kernels.
 * `engineDir` is a folder beside the app's own whose node_modules may hold a native one.
 */
export async function openEngine(engineDir?: string): Promise<Engine> {
  const folders = engineDir ? [engineDir, import.meta.dirname] : [import.meta.dirname];
  return (await openNativeEngine(folders)) ?? openWasmEngine();
}
