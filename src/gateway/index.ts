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
    help: { type: 'boolean', default: false },
  },
});

const help = `solanalm-gateway: the network's other side on one machine, with test credits

  --port 8001 --host 127.0.0.1   where it listens
  --data <folder>                its books, key and training tasks
  --test-requests <number>       requests a minute that it sends itself
  --trainer <file>               the program that evaluates models of training rounds
  --resources <folder>           what ships with the app

Maintenance: write {"until": "2026-01-31T18:00:00+01:00", "reason": "new disk"} to maintenance.json in the data
folder. With their next report, within 30 s, nodes are asked to rest until then: they end the work they have and
take no more. Delete the file to end it earlier.`;

if (flags.help) {
  console.log(help);
  process.exit(0);
}

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
