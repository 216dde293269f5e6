import { getLlama, LlamaChat, LlamaLogLevel, TokenBias } from 'node-llama-cpp';

/**
 * node-llama-cpp alone, in a process of its own: the engine's speed without queue, ledger or HTTP. Arguments: model,
 * threads, context. Each IPC message `{parallel, prompt, maxTokens}` is answered with tokens a second and the first
 * token's delay. `batching: stock` is the library's own batching, `full` waits a turn so that a batch holds all.
 */
const [, , modelPath = '', threads = '2', contextSize = '512', batching = 'stock'] = process.argv;
const sequencesCount = 16;
let active = 0;

const llama = await getLlama({
  gpu: false,
  build: 'never',
  logLevel: LlamaLogLevel.error,
  maxThreads: Number(threads),
});
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({
  sequences: sequencesCount,
  contextSize: Number(contextSize),
  batchSize: 512,
  threads: Number(threads),
  ...(batching === 'full' ? { batching: { itemPrioritizationStrategy: waitForAll() } } : {}),
});
const sequences = Array.from({ length: sequencesCount }, () => context.getSequence());
const bias = new TokenBias(model.tokenizer);
if (model.tokens.eos !== null) bias.set(model.tokens.eos, 'never');

type Item = { tokens: readonly unknown[] };
function waitForAll() {
  let turns = 0;
  return <T extends Item>({ items, size }: { items: readonly T[]; size: number }) => {
    if (items.length < active && turns < 64) {
      turns += 1;
      return [];
    }
    turns = 0;
    let left = size;
    return items.flatMap((item) => {
      const processAmount = Math.min(item.tokens.length, left);
      left -= processAmount;
      return processAmount > 0 ? [{ item, processAmount }] : [];
    });
  };
}

async function one(index: number, prompt: string, maxTokens: number) {
  const sequence = sequences[index];
  if (!sequence) throw new Error('no sequence');
  await sequence.clearHistory();
  const chat = new LlamaChat({ contextSequence: sequence });
  const startedAt = performance.now();
  let tokens = 0;
  let firstMs = 0;
  await chat.generateResponse(
    [
      { type: 'user', text: prompt },
      { type: 'model', response: [] },
    ],
    {
      temperature: 0,
      maxTokens,
      tokenBias: bias,
      onTextChunk: () => {
        firstMs ||= performance.now() - startedAt;
      },
      onToken: (added) => {
        tokens += added.length;
      },
    },
  );
  chat.dispose();
  active -= 1;
  return { tokens, firstMs };
}

process.on('message', async (job: { parallel: number; prompts: string[]; maxTokens: number }) => {
  active = job.parallel;
  const startedAt = performance.now();
  const results = await Promise.all(
    Array.from({ length: job.parallel }, (_, index) => one(index, job.prompts[index] ?? '', job.maxTokens)),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const tokens = results.reduce((sum, result) => sum + result.tokens, 0);
  process.send?.({ tokensPerSecond: tokens / seconds, firstMs: results.map((result) => result.firstMs) });
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
