import type { Bridge } from '#contract/bridge.ts';

/** What the desktop shell gives to the page; undefined in a browser. */
export function desktopBridge(): Bridge | undefined {
  return (globalThis as { bridge?: Bridge }).bridge;
}
