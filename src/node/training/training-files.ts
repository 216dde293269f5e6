import { rmSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';

const measureEveryMs = 60_000;
/** What a converted source's files start with: the source, and the format where it is for one. */
const cachedName = /^[0-9a-f]{24}([0-9a-f]{24})?/;
const sourceLength = 24;

export interface TrainingFiles {
  /** Bytes of training's folder, and of them what cannot be made anew or is in use; null before it was measured. */
  stored(): { bytes: number; keptBytes: number } | null;
  /** Measures, and deletes what is too much. */
  tidy(): Promise<void>;
  dispose(): void;
}

interface Cached {
  source: string;
  names: string[];
  bytes: number;
  changedAt: number;
}

/** Measures training's folder each minute, and keeps it within its part of the disk: converted data go, oldest first, but none in use. */
export function createTrainingFiles(parts: {
  dir: string;
  /** Within `dir`. */
  cacheDir: string;
  /** What the names of data start with that something reads or writes just now. */
  inUse(): ReadonlySet<string>;
  /** Bytes that training may take; null while that is not known. */
  mostBytes(): number | null;
  clock: Clock;
  onFault(error: unknown): void;
}): TrainingFiles {
  const ended = new AbortController();
  let stored: { bytes: number; keptBytes: number } | null = null;

  async function measure(): Promise<Cached[]> {
    const found = new Map<string, Cached>();
    let bytes = 0;
    for (const entry of await readdir(parts.dir, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory()) continue;
      const { size, mtimeMs } = await sizeOf(join(entry.parentPath, entry.name));
      bytes += size;
      const key = entry.parentPath === parts.cacheDir ? cachedName.exec(entry.name)?.[0] : undefined;
      if (key === undefined) continue;
      const source = key.slice(0, sourceLength);
      const cached = found.get(key) ?? { source, names: [], bytes: 0, changedAt: 0 };
      cached.names.push(entry.name);
      cached.bytes += size;
      cached.changedAt = Math.max(cached.changedAt, mtimeMs);
      found.set(key, cached);
    }
    const all = [...found.values()];
    const used = parts.inUse();
    const spare = all.filter(({ source }) => !used.has(source));
    stored = { bytes, keptBytes: bytes - spare.reduce((sum, one) => sum + one.bytes, 0) };
    return all;
  }

  async function tidy(): Promise<void> {
    const cached = (await measure()).sort((a, b) => a.changedAt - b.changedAt);
    const most = parts.mostBytes();
    if (most === null) return;
    for (const one of cached) {
      if (!stored || stored.bytes <= most) return;
      // Asked anew for each: with the deletion in one step, nothing can begin to read it in between.
      if (parts.inUse().has(one.source)) continue;
      if (remove(one)) stored = { ...stored, bytes: stored.bytes - one.bytes };
    }
  }

  /** False where one of its files is held open by another program (Windows). */
  function remove({ names }: Cached): boolean {
    try {
      for (const name of names) rmSync(join(parts.cacheDir, name), { force: true });
      return true;
    } catch {
      return false;
    }
  }

  async function watch(): Promise<void> {
    for (;;) {
      await tidy().catch(parts.onFault);
      await parts.clock.sleep(measureEveryMs, ended.signal);
    }
  }
  watch().catch(() => {});

  return { stored: () => stored, tidy, dispose: () => ended.abort() };
}

/** One that is deleted meanwhile takes nothing. */
const sizeOf = (path: string): Promise<{ size: number; mtimeMs: number }> =>
  lstat(path).catch(() => ({ size: 0, mtimeMs: 0 }));
