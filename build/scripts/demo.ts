import { parseArgs } from 'node:util';
import { demoHybrid } from './demo-hybrid.ts';
import { demoInference } from './demo-inference.ts';
import { demoProxy } from './demo-proxy.ts';
import { demoTraining } from './demo-training.ts';

/** `--node proxy` shows a proxy node, `--node training` five that learn together, `--node hybrid` one that serves and trains; without it a node that serves a model of its own, `--settle` one that is paid on a chain. */
const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    settle: { type: 'boolean', default: false },
    node: { type: 'string', default: 'inference' },
    backend: { type: 'string', default: 'llama.cpp' },
    url: { type: 'string' },
  },
});
if (flags.settle) await settle();
else if (flags.node === 'proxy') await demoProxy(flags.json);
else if (flags.node === 'hybrid') await demoHybrid(flags.json);
else if (flags.node === 'training') await demoTraining(flags.json);
else await demoInference({ json: flags.json, backend: flags.backend, url: flags.url });

/** Loaded only here: the other demos need neither a browser nor a chain. */
async function settle(): Promise<void> {
  const { noLocalChain } = await import('#testing/local-chain.ts');
  const why =
    flags.node === 'inference'
      ? noLocalChain?.replace(/^skipped/, '--settle does not run here')
      : '--settle goes with --node inference';
  if (why) {
    console.error(why);
    process.exitCode = 1;
    return;
  }
  const { demoSettle } = await import('./demo-settle.ts');
  await demoSettle(flags.json);
}
