import { parseArgs } from 'node:util';
import { demoHybrid } from './demo-hybrid.ts';
import { demoInference } from './demo-inference.ts';
import { demoProxy } from './demo-proxy.ts';
import { demoTraining } from './demo-training.ts';

/** `--node proxy` shows a proxy node, `--node training` five that learn together, `--node hybrid` one that serves and trains; without it a node that serves a model of its own. */
const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    node: { type: 'string', default: 'inference' },
    backend: { type: 'string', default: 'llama.cpp' },
    url: { type: 'string' },
  },
});
if (flags.node === 'proxy') await demoProxy(flags.json);
else if (flags.node === 'hybrid') await demoHybrid(flags.json);
else if (flags.node === 'training') await demoTraining(flags.json);
else await demoInference({ json: flags.json, backend: flags.backend, url: flags.url });
