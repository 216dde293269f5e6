import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CatalogueEntry } from '#contract/catalogue.ts';
import type { Download } from '#contract/download.ts';
import { AppError } from '#contract/errors.ts';
import { errorBody, toAppError } from '#contract/result.ts';
import type { ByteRate } from '../byte-rate.ts';
import type { Clock } from '../clock.ts';
import { createSignal, type Signal } from '../signal.ts';
import { discardPart, download, partBytes, partEnding } from './download.ts';
import { createFetcher, findHubFile, type HubSettings } from './hub.ts';

const mostAtOnce = 2;
const publishMs = 500;
const speedWindowMs = 10_000;

export interface Downloads {
  list: Signal<Download[]>;
  /** Starts, or resumes what is there. Throws `models/not-in-catalogue`. */
  start(id: string): void;
  pause(id: string): void;
  /** Ends it and deletes what has come. */
  cancel(id: string): Promise<void>;
  /** Lets all of them wait for a while; they go on by themselves. What the operator has paused stays so. */
  hold(isHeld: boolean): void;
  dispose(): void;
}

interface Task {
  entry: CatalogueEntry;
  state: Download['state'];
  receivedBytes: number;
  totalBytes: number | null;
  abort: AbortController | null;
  /** It was only held, and waits for its turn. */
  isHeld: boolean;
  /** Bytes that had come at which time, of the last 10 s. */
  marks: { at: number; bytes: number }[];
  ended: Promise<void>;
}

/** Downloads of catalogue models into the store's folder, two at a time. What a restart interrupted is there again, paused. */
export async function openDownloads(options: {
  catalogue: readonly CatalogueEntry[];
  modelsDir: string;
  hub(): HubSettings;
  /** Makes room for so many bytes beside the store's models. Rejects with `models/quota`. */
  makeRoom(bytes: number): Promise<void>;
  /** A whole file lies in the store's folder. */
  onDone(): Promise<void>;
  rate: ByteRate;
  clock: Clock;
}): Promise<Downloads> {
  const { catalogue, modelsDir, rate, clock } = options;
  const tasks = new Map<string, Task>();
  const list = createSignal<Download[]>([]);
  const target = (entry: CatalogueEntry) => join(modelsDir, entry.file);
  let shownAt = 0;
  let isHeld = false;
  let roomTurn: Promise<void> = Promise.resolve();

  for (const name of readdirSync(modelsDir)) {
    const entry = catalogue.find(({ file }) => name === file + partEnding);
    if (!entry) continue;
    const task = newTask(entry, { state: 'paused' });
    task.receivedBytes = await partBytes(target(entry));
    tasks.set(entry.id, task);
  }
  publish();

  function publish(): void {
    shownAt = clock.now();
    list.set([...tasks.values()].map(show));
  }

  function change(task: Task, state: Download['state']): void {
    task.state = state;
    publish();
  }

  function show({ entry, state, receivedBytes, totalBytes }: Task): Download {
    const { id, name, repo, file } = entry;
    return { id, name, repo, file, receivedBytes, totalBytes, state };
  }

  function fill(): void {
    if (isHeld) return;
    const running = [...tasks.values()].filter(({ abort }) => abort !== null).length;
    const waiting = [...tasks.values()].filter(({ state }) => state.state === 'waiting');
    for (const task of waiting.slice(0, Math.max(0, mostAtOnce - running))) task.ended = run(task);
  }

  async function run(task: Task): Promise<void> {
    const abort = new AbortController();
    task.abort = abort;
    task.isHeld = false;
    const { entry } = task;
    try {
      change(task, { state: 'asking' });
      const hub = options.hub();
      const fetcher = createFetcher(hub.proxy);
      const file = await findHubFile(entry, hub, fetcher, abort.signal);
      task.totalBytes = file.sizeBytes;
      await roomFor(task);
      task.marks = [];
      change(task, { state: 'running', bytesPerSecond: 0, secondsLeft: null });
      await download({
        file,
        to: target(entry),
        fetcher,
        clock,
        rate,
        signal: abort.signal,
        onProgress: (receivedBytes) => progress(task, receivedBytes),
      });
      await options.onDone();
      change(task, { state: 'done' });
    } catch (thrown) {
      if (abort.signal.aborted) change(task, { state: task.isHeld ? 'waiting' : 'paused' });
      else change(task, { state: 'failed', error: errorBody(toAppError(thrown, 'models/download-failed')) });
    } finally {
      task.abort = null;
      task.receivedBytes = task.state.state === 'done' ? task.receivedBytes : await partBytes(target(entry));
      publish();
      fill();
    }
  }

  /** One after the other: each is to fit beside those that have their room already, and beside the parts that lie there. */
  function roomFor(task: Task): Promise<void> {
    const bytesOf = ({ state, totalBytes, receivedBytes }: Task) =>
      state.state === 'done' ? 0 : state.state === 'running' ? (totalBytes ?? receivedBytes) : receivedBytes;
    const made = roomTurn.then(() => {
      const others = [...tasks.values()].filter((other) => other !== task);
      return options.makeRoom(others.reduce((sum, other) => sum + bytesOf(other), task.totalBytes ?? 0));
    });
    roomTurn = made.catch(() => {});
    return made;
  }

  function progress(task: Task, receivedBytes: number): void {
    const now = clock.now();
    task.receivedBytes = receivedBytes;
    task.marks.push({ at: now, bytes: receivedBytes });
    if (now - shownAt < publishMs) return;
    task.marks = task.marks.filter(({ at }) => at > now - speedWindowMs);
    const first = task.marks[0];
    const seconds = first ? (now - first.at) / 1000 : 0;
    const bytesPerSecond = first && seconds > 0 ? (receivedBytes - first.bytes) / seconds : 0;
    const left = (task.totalBytes ?? receivedBytes) - receivedBytes;
    const secondsLeft = bytesPerSecond > 0 ? Math.round(left / bytesPerSecond) : null;
    change(task, { state: 'running', bytesPerSecond: Math.round(bytesPerSecond), secondsLeft });
  }

  return {
    list,
    start(id) {
      const entry = catalogue.find((one) => one.id === id);
      if (!entry) throw new AppError('models/not-in-catalogue', `The catalogue has no model “${id}”.`);
      const task = tasks.get(id) ?? newTask(entry, { state: 'waiting' });
      if (task.abort) return;
      tasks.set(id, task);
      change(task, { state: 'waiting' });
      fill();
    },
    pause(id) {
      const task = tasks.get(id);
      if (task) task.isHeld = false;
      if (task?.abort) task.abort.abort();
      else if (task?.state.state === 'waiting') change(task, { state: 'paused' });
    },
    async cancel(id) {
      const task = tasks.get(id);
      if (!task) return;
      task.isHeld = false;
      task.abort?.abort();
      await task.ended;
      tasks.delete(id);
      if (task.state.state !== 'done') await discardPart(target(task.entry));
      publish();
    },
    hold(held) {
      isHeld = held;
      for (const task of tasks.values()) {
        if (!held || !task.abort) continue;
        task.isHeld = true;
        task.abort.abort();
      }
      fill();
    },
    dispose() {
      isHeld = true;
      for (const { abort } of tasks.values()) abort?.abort();
    },
  };
}

const newTask = (entry: CatalogueEntry, state: Download['state']): Task => ({
  entry,
  state,
  receivedBytes: 0,
  totalBytes: null,
  abort: null,
  isHeld: false,
  marks: [],
  ended: Promise.resolve(),
});
