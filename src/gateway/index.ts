import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createGateway } from './gateway.ts';

/** The gateway as a program: alone in a terminal, or as a child that tells its parent where it listens. */
const { values: flags } = parseArgs({
  options: {
    port: { type: 'string', default: '8001' },
    host: { type: 'string', default: '127.0.0.1' },
    data: { type: 'string', default: join(homedir(), '.local', 'share', 'solanalm-gateway') },
    'test-requests': { type: 'string', default: '0' },
    /** The program that evaluates models of training rounds. */
    trainer: { type: 'string' },
    /** What ships as data: the list of training tasks lies there. */
    resources: { type: 'string' },
  },
});

const gateway = await createGateway({
  port: Number(flags.port),
  host: flags.host,
  dataDir: flags.data,
  trainerPath: flags.trainer,
  resourcesDir: flags.resources,
  testRequestsPerMinute: Number(flags['test-requests']),
});

let isLeaving = false;
async function leave(): Promise<void> {
  if (isLeaving) return;
  isLeaving = true;
  await gateway.close();
  process.exit(0);
}
process.on('SIGINT', () => void leave());
process.on('SIGTERM', () => void leave());
process.on('disconnect', () => void leave());
process.on('message', (message: { type: string; perMinute: number }) => {
  if (message.type === 'test-requests') gateway.setTestRequestsPerMinute(message.perMinute);
});

console.log(`Local SolanaLM gateway (test credits) at ${gateway.url}`);
process.send?.({ type: 'ready', url: gateway.url, publicKey: gateway.publicKey });
