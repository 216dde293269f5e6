import type { Engine } from '#contract/model.ts';
import { createSignal } from '../../../signal.ts';
import { engineOff } from '../../engine-off.ts';
import type { GenerateRequest, LoadedModel, LoadOptions, Runtime } from '../../runtime.ts';
import { together } from './together.ts';

interface Member {
  runtime: Runtime;
  atWork: number;
  /** The beginning of what it was asked last. */
  lastPrefix: string;
}

/** Characters of a prompt that say whether an engine has its beginning in memory. */
const prefixLength = 200;

/**
 * One model in several processes, as `LoadOptions.processes` says. On a processor two engines of one thread each write more than one
 * engine of two threads: no thread of theirs ever waits for another. A request goes to the process with the least to do; among those
 * to the one that was last asked the same beginning. On a GPU, and where there is no room for more, there is one process.
 */
export function createWorkerGroup(createRuntime: () => Runtime): Runtime {
  const first = createRuntime();
  const engine = createSignal<Engine>(engineOff);
  let members: Member[] = [];
  /** What they may use together: each process takes its part of it. */
  let allThreads: LoadOptions['threads'] = 'auto';

  const refresh = () => engine.set(together(members.map(({ runtime }) => runtime.engine.get())));
  const join = (runtime: Runtime): Member => {
    const member = { runtime, atWork: 0, lastPrefix: '' };
    members.push(member);
    runtime.engine.subscribe(refresh);
    return member;
  };
  join(first);

  /** Ends all but the first one, whose engine stays to be loaded again. */
  async function shrinkToOne(): Promise<void> {
    const others = members.slice(1);
    members = members.slice(0, 1);
    await Promise.all(others.map(({ runtime }) => runtime.dispose()));
    refresh();
  }

  async function load(options: LoadOptions, signal?: AbortSignal): Promise<LoadedModel> {
    allThreads = options.threads;
    const now = () => ({ ...options, threads: allThreads });
    await shrinkToOne();
    const { processes = 1 } = options;
    const loaded = await first.load(now(), signal);
    if (processes === 1) return loaded;
    if (loaded.backend !== 'cpu') return first.load({ ...now(), processes: 1 }, signal);
    try {
      for (let count = 1; count < processes; count += 1)
        await join(createRuntime()).runtime.load(now(), signal);
    } catch (thrown) {
      await shrinkToOne();
      if (!signal?.aborted) return first.load({ ...now(), processes: 1 }, signal);
      await first.unload();
      throw thrown;
    }
    const all = engine.get();
    return {
      ...loaded,
      parallelRequests: all.parallelRequests ?? loaded.parallelRequests,
      threads: all.threads ?? loaded.threads,
    };
  }

  async function on<T>(prefix: string, work: (runtime: Runtime) => Promise<T>): Promise<T> {
    const member = leastBusy(members, prefix);
    member.atWork += 1;
    member.lastPrefix = prefix;
    try {
      return await work(member.runtime);
    } finally {
      member.atWork -= 1;
    }
  }

  return {
    name: first.name,
    engine,
    lacks: () => first.lacks(),
    load,
    async unload() {
      await shrinkToOne();
      await first.unload();
    },
    setThreads(threads) {
      allThreads = threads;
      for (const { runtime } of members) runtime.setThreads(threads);
    },
    generate: (request, handlers, signal) =>
      on(prefixOf(request), (runtime) => runtime.generate(request, handlers, signal)),
    embed: (inputs, signal) => on('', (runtime) => runtime.embed(inputs, signal)),
    async dispose() {
      await shrinkToOne();
      await first.dispose();
    },
  };
}

/** A process that is being started again takes nothing while another one can. */
function leastBusy(members: Member[], prefix: string): Member {
  const ready = members.filter(({ runtime }) => runtime.engine.get().state === 'ready');
  const rank = ({ atWork, lastPrefix }: Member) => atWork * 2 - (lastPrefix === prefix ? 1 : 0);
  return (ready.length > 0 ? ready : members).reduce((best, member) =>
    rank(member) < rank(best) ? member : best,
  );
}

function prefixOf({ prompt }: GenerateRequest): string {
  const text =
    prompt.kind === 'completion' ? prompt.prompt : prompt.messages.map(({ content }) => content).join('\n');
  return text.slice(0, prefixLength);
}
