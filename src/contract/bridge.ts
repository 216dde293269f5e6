import type { Transport } from './transport.ts';

/** What the preload script puts on `window.bridge` in the desktop app. */
export interface Bridge extends Transport {
  /** Path of a file that was dropped on the window; empty when it has none. */
  pathOfFile(file: unknown): string;
}
