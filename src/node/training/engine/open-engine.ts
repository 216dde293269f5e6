import { type Engine, openWasmEngine } from './engine.ts';

/** The best engine that works here. */
export const openEngine = (): Promise<Engine> => openWasmEngine();
