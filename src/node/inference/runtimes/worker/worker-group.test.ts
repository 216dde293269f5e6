import { expect, test } from 'vitest';
import { AppError } from '#contract/errors.ts';
import type { Engine } from '#contract/model.ts';
import { createSignal, type WritableSignal } from '../../../signal.ts';
import { engineOff } from '../../engine-off.ts';
import type { GenerateRequest, LoadOptions, Runtime } from '../../runtime.ts';
import { threadShare } from '../llama-cpp/thread-share.ts';
import { createWorkerGroup } from './worker-group.ts';

const options: LoadOptions = {
  modelId: 'm',
  path: '/m.gguf',
  contextSize: 256,
  parallelRequests: 5,
  threads: 4,
  gpu: 'auto',
  processes: 2,
};
const ask = (text: string): GenerateRequest => ({
  prompt: { kind: 'completion', prompt: text },
  sampling: { temperature: 0 },
  maxTokens: 1,
  stop: [],
});
const result = { promptTokens: 1, cachedTokens: 0, generatedTokens: 1, finishReason: 'stop' } as const;
const never = new AbortController().signal;

/** Runtimes that note what they are asked and answer when told to. */
function scripted({ backend = 'cpu', room = 8 } = {}) {
  const members: {
    loads: LoadOptions[];
    asked: string[];
    threads: LoadOptions['threads'][];
    engine: WritableSignal<Engine>;
    runtime: Runtime;
    isDisposed: boolean;
  }[] = [];
  const answers: (() => void)[] = [];
  const group = createWorkerGroup(() => {
    const engine = createSignal<Engine>({ ...engineOff });
    const index = members.length;
    const member = {
      loads: [] as LoadOptions[],
      asked: [] as string[],
      threads: [] as LoadOptions['threads'][],
      isDisposed: false,
      engine,
      runtime: {
        name: 'scripted',
        engine,
        lacks: () => new Set(),
        async load(wanted: LoadOptions) {
          member.loads.push(wanted);
          if (index >= room) throw new AppError('inference/out-of-memory', 'There is no room.');
          const parallelRequests = Math.ceil(Number(wanted.parallelRequests) / (wanted.processes ?? 1));
          const memory = { ramBytes: 10, gpuBytes: 0 };
          engine.set({ ...engineOff, state: 'ready', backend, parallelRequests, threads: 2, memory });
          return { modelId: 'm', backend, contextSize: 256, parallelRequests, threads: 2 };
        },
        unload: async () => engine.set(engineOff),
        setThreads(threads) {
          member.threads.push(threads);
          const { threads: mine, timeShare } = threadShare(threads, 2, { mathCores: 8, cores: 8 });
          engine.set({ ...engine.get(), threads: mine * timeShare });
        },
        async generate(request: GenerateRequest) {
          member.asked.push(request.prompt.kind === 'completion' ? request.prompt.prompt : '');
          await new Promise<void>((resolve) => answers.push(resolve));
          return result;
        },
        embed: async () => ({ vectors: [], promptTokens: 0 }),
        async dispose() {
          member.isDisposed = true;
          engine.set(engineOff);
        },
      } as Runtime,
    };
    members.push(member);
    return member.runtime;
  });
  const answerAll = () => {
    for (const answer of answers.splice(0)) answer();
  };
  return { group, members, answerAll };
}

test('two processes take the requests in turn, and show as one engine', async () => {
  const { group, members, answerAll } = scripted();
  expect(await group.load(options)).toMatchObject({ parallelRequests: 6, threads: 4 });
  expect(group.engine.get()).toMatchObject({
    state: 'ready',
    parallelRequests: 6,
    threads: 4,
    memory: { ramBytes: 20 },
  });
  const answers = ['a', 'b', 'c', 'd'].map((text) => group.generate(ask(text), {}, never));
  expect(members.map(({ asked }) => asked)).toEqual([
    ['a', 'c'],
    ['b', 'd'],
  ]);
  answerAll();
  await Promise.all(answers);
  await group.dispose();
  expect(members.every(({ isDisposed }) => isDisposed)).toBe(true);
});

test('a known beginning goes to the process that has it, unless that one is busier', async () => {
  const { group, members, answerAll } = scripted();
  await group.load(options);
  const rules = 'rules '.repeat(50);
  const first = [group.generate(ask('other'), {}, never), group.generate(ask(`${rules}one`), {}, never)];
  answerAll();
  await Promise.all(first);
  void group.generate(ask(`${rules}two`), {}, never);
  void group.generate(ask(`${rules}three`), {}, never);
  expect(members.map(({ asked }) => asked.length)).toEqual([2, 2]);
  expect(members[1]?.asked.at(-1)).toBe(`${rules}two`);
});

test('what a process that starts again cannot take, the others take', async () => {
  const { group, members } = scripted();
  await group.load(options);
  const [one, other] = members;
  one?.engine.set({ ...one.engine.get(), state: 'restarting' });
  expect(group.engine.get().state).toBe('ready');
  void group.generate(ask('a'), {}, never);
  void group.generate(ask('b'), {}, never);
  expect(other?.asked).toEqual(['a', 'b']);
});

test('on a GPU, and without room for more, there is one process with all requests', async () => {
  for (const kind of [{ backend: 'cuda' }, { room: 1 }]) {
    const { group, members } = scripted(kind);
    await group.load(options);
    expect(group.engine.get()).toMatchObject({ state: 'ready', parallelRequests: 5 });
    expect(members[0]?.loads.at(-1)).toMatchObject({ processes: 1, parallelRequests: 5 });
    expect(members.slice(1).every(({ isDisposed }) => isDisposed)).toBe(true);
  }
});

test('new threads are divided among the processes, and show as those of one engine; fewer than processes too', async () => {
  const { group, members } = scripted();
  await group.load(options);
  for (const threads of [6, 2, 1]) {
    group.setThreads(threads);
    expect(group.engine.get().threads).toBe(threads);
  }
  expect(members.map(({ threads }) => threads)).toEqual([
    [6, 2, 1],
    [6, 2, 1],
  ]);
});

test('threads that change while the first process is loaded are what the second one is loaded with', async () => {
  const { group, members } = scripted();
  const loading = group.load(options);
  group.setThreads(2);
  await loading;
  expect(members[1]?.loads[0]?.threads).toBe(2);
});
