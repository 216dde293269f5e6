import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { planModel } from '#contract/federated/model-plan.ts';
import { threadsPay } from '#node/training/engine/work.ts';
import type { BenchOptions } from './index.ts';
import { median, spread } from './statistics.ts';
import { benchModels } from './training-models.ts';
import type { PeerOrder, PeerReading } from './training-peer.ts';

const rounds = 5;
const seconds = 0.8;
const threadCounts = [1, 2];
/** TensorFlow.js in JavaScript takes seconds a step: one step tells enough. */
const slow = new Set(['cpu']);

interface Peer {
  name: string;
  measure(order: PeerOrder): Promise<PeerReading>;
  end(): void;
}

/**
 * Milliseconds a training step of five models: our engine on one and on two threads, TensorFlow.js's WebAssembly backend as it comes
 * (with what it lacks for CNNs made of its own operations) and its JavaScript one, and PyTorch on the CPU where TORCH_PYTHON names a
 * Python that has it or one can be made. Interleaved; ratios are theirs / ours of the same round, so more is better. Then a private
 * step beside a plain one.
 */
export async function run(_options: BenchOptions) {
  const python = torchPython();
  const peers = {
    ours: nodePeer('ours'),
    stock: nodePeer('stock'),
    cpu: nodePeer('cpu'),
    ...(python ? { torch: openPeer('torch', python, [join(import.meta.dirname, 'training-torch.py')]) } : {}),
  };
  const rows = [];
  for (const [name, { batch, model }] of Object.entries(benchModels)) {
    const order = { model: name, batch, seconds, threads: 1 };
    const readings: Record<string, number[]> = {};
    const processor: Record<string, number[]> = {};
    const read = async (key: string, peer: Peer, change: Partial<PeerOrder> = {}) => {
      const { stepMs, processorMs } = await peer.measure({
        ...order,
        ...(slow.has(peer.name) ? { seconds: 0 } : {}),
        ...change,
      });
      readings[key] = [...(readings[key] ?? []), median(stepMs)];
      processor[key] = [...(processor[key] ?? []), processorMs];
    };
    for (let round = 0; round < rounds; round += 1) {
      for (const threads of threadCounts) {
        await read(`ours ${threads}`, peers.ours, { threads });
        if (peers.torch) await read(`torch ${threads}`, peers.torch, { threads });
      }
      await read('private', peers.ours, { private: true });
      await read('stock', peers.stock);
      if (round === 0) await read('cpu', peers.cpu);
    }
    const ours = readings['ours 1'] ?? [];
    const ratio = (key: string, to = ours, of = readings) => {
      const list = of[key] ?? [];
      return list.length ? spread(list.map((value, round) => value / (to[round] ?? Number.NaN))) : null;
    };
    rows.push({
      model: name,
      batch,
      parameters: planModel(model).size,
      stepMs: spreads(readings),
      processorMs: spreads(processor),
      ratios: {
        'stock / ours': ratio('stock'),
        'cpu / ours': ratio('cpu'),
        'torch / ours, 1 thread': ratio('torch 1'),
        'torch / ours, 2 threads': ratio('torch 2', readings['ours 2']),
        'ours 1 / ours 2 threads': spread(
          ours.map((value, round) => value / (readings['ours 2']?.[round] ?? Number.NaN)),
        ),
        'private / plain': ratio('private'),
        'private / plain, processor': ratio('private', processor['ours 1'], processor),
        'torch / ours, processor': ratio('torch 1', processor['ours 1'], processor),
        'stock / ours, processor': ratio('stock', processor['ours 1'], processor),
      },
      twoThreadsAreTaken: threadsPay(planModel(model), batch, 2),
    });
  }
  for (const peer of Object.values(peers)) peer.end();
  return { bench: 'training', torch: python !== null, rounds, rows };
}

const spreads = (readings: Record<string, number[]>) =>
  Object.fromEntries(Object.entries(readings).map(([key, list]) => [key, spread(list)]));

const nodePeer = (name: string): Peer =>
  openPeer(name, process.execPath, [join(import.meta.dirname, 'training-peer.ts'), name]);

function openPeer(name: string, program: string, args: string[]): Peer {
  const child: ChildProcess = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  let onAnswer: (line: string | Error) => void = () => {};
  lines.on('line', (line) => onAnswer(line));
  child.once('exit', () => onAnswer(new Error(`${name} ended`)));
  return {
    name,
    async measure(order) {
      const answer = new Promise<string>((resolve, reject) => {
        onAnswer = (line) => (line instanceof Error ? reject(line) : resolve(line));
      });
      child.stdin?.write(`${JSON.stringify(order)}\n`);
      return JSON.parse(await answer) as PeerReading;
    },
    end: () => child.kill(),
  };
}

/** A Python that has PyTorch: the one named, one made earlier, or a new one; null where none can be made. */
function torchPython(): string | null {
  if (process.env.TORCH_PYTHON) return process.env.TORCH_PYTHON;
  const dir = join(tmpdir(), 'solanalm-bench-torch');
  const python = join(dir, 'bin/python');
  if (existsSync(join(dir, 'ready'))) return python;
  try {
    const quiet = { stdio: 'ignore' } as const;
    execFileSync('python3', ['-m', 'venv', dir], quiet);
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', 'torch', 'numpy'], quiet);
    execFileSync('touch', [join(dir, 'ready')]);
    return python;
  } catch {
    return null;
  }
}
