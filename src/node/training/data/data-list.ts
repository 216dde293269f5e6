import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import { type DataItem, type DataSource, dataItemSchema } from '#contract/training-data.ts';
import { createSignal, type Signal } from '../../signal.ts';
import { storeDocument } from '../../stored-document.ts';
import { builtInItems } from './built-in.ts';
import { forgetCached, sweepCache } from './data-cache.ts';
import type { DataPlaces } from './ready-source.ts';
import { previewData } from './survey.ts';

const listSchema = z.array(dataItemSchema);

/** Data that the operator lets tasks learn from: those that ship with the app first. The files stay where they are. */
export interface DataList {
  shown: Signal<DataItem[]>;
  get(id: string): DataItem | undefined;
  /** Looks through the source and takes it in. Throws `training/*` or `disk/full`. */
  add(entry: { source: DataSource; name?: string | undefined }, signal?: AbortSignal): Promise<DataItem>;
  /** Forgets a source and what was kept of it; its files stay, and so does what ships. */
  remove(id: string): void;
}

export function openDataList(file: string, places: DataPlaces): DataList {
  let own = read(file);
  const all = () => [...builtInItems, ...own];
  const shown = createSignal(all());
  const sources = () => all().map(({ source }) => source);
  sweepCache(places, sources());

  function store(next: DataItem[]): void {
    own = storeDocument(file, listSchema, next);
    shown.set(all());
  }

  return {
    shown,
    get: (id) => all().find((item) => item.id === id),
    async add({ source, name }, signal) {
      refuseTwice(all(), source);
      const { facts } = await previewData(source, { ...places, signal });
      refuseTwice(all(), source);
      const item: DataItem = { id: randomUUID(), name: name?.trim() || nameOf(source), source, facts };
      store([...own, item]);
      return item;
    },
    remove(id) {
      const item = own.find((item) => item.id === id);
      if (!item) return;
      store(own.filter((other) => other !== item));
      forgetCached(item.source, places, sources());
    },
  };
}

function refuseTwice(items: DataItem[], source: DataSource): void {
  const text = JSON.stringify(source);
  const known = items.find((item) => JSON.stringify(item.source) === text);
  if (known)
    throw new AppError('training/data-already-there', `“${known.name}” is in the list already.`, {
      data: { id: known.id },
    });
}

function nameOf(source: DataSource): string {
  if (source.kind === 'built-in') return source.name;
  return basename(source.kind === 'idx' ? source.images : source.path).slice(0, 200) || 'Data';
}

function read(file: string): DataItem[] {
  try {
    return listSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return [];
  }
}
