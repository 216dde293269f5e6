import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { clusterSchema } from '#contract/wire/network.ts';
import { createGateway } from './gateway.ts';
import type { ChainOptions } from './settlement/open-settlement.ts';

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
    /** Where the gateway is known under another address than it listens at; may be repeated. */
    origin: { type: 'string', multiple: true, default: [] },
    /** What a payer may owe, in lamports; on a chain it is the treasury that lends it. */
    'credit-limit': { type: 'string' },
    /** Pays from this key file (0600, as solana-keygen writes it) instead of in test credits. */
    treasury: { type: 'string' },
    /** The chain's JSON-RPC address; may be repeated, the first that answers is asked. */
    rpc: { type: 'string', multiple: true, default: [] },
    cluster: { type: 'string', default: 'localnet' },
    /** An SPL token to pay with instead of SOL. */
    mint: { type: 'string' },
    /** Nothing is paid below it, in lamports or the token's smallest unit. */
    'settle-threshold': { type: 'string' },
    /** How often payments under way are looked after. */
    'settle-every-ms': { type: 'string', default: '2000' },
    'i-know-this-is-real-money': { type: 'boolean', default: false },
  },
});

function chainOf(): ChainOptions | undefined {
  const { treasury, rpc, mint } = flags;
  if (treasury === undefined && rpc.length === 0) return undefined;
  if (treasury === undefined) throw new Error('paying on a chain wants --treasury <key file>');
  return {
    cluster: clusterSchema.parse(flags.cluster),
    rpcUrls: rpc,
    treasuryFile: treasury,
    mint,
    thresholdAtomic: amountOf('settle-threshold'),
    pollMs: Number(flags['settle-every-ms']),
    isRealMoney: flags['i-know-this-is-real-money'],
  };
}

function amountOf(flag: 'settle-threshold' | 'credit-limit'): bigint | undefined {
  const text = flags[flag];
  if (text === undefined) return undefined;
  if (!/^\d{1,18}$/.test(text)) throw new Error(`--${flag} wants a whole number, not “${text}”`);
  return BigInt(text);
}

const creditLimitLamports = amountOf('credit-limit');
const chain = chainOf();
const gateway = await createGateway({
  port: Number(flags.port),
  host: flags.host,
  dataDir: flags.data,
  trainerPath: flags.trainer,
  resourcesDir: flags.resources,
  testRequestsPerMinute: Number(flags['test-requests']),
  origins: flags.origin,
  chain,
  ...(creditLimitLamports === undefined ? {} : { creditLimitLamports }),
}).catch((thrown: unknown) => {
  // A sentence for who started it; what is behind it would not help.
  console.error(`The gateway did not start: ${thrown instanceof Error ? thrown.message : thrown}`);
  process.exit(1);
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

console.log(
  `${chain ? `SolanaLM gateway (${chain.cluster})` : 'Local SolanaLM gateway (test credits)'} at ${gateway.url}`,
);
process.send?.({ type: 'ready', url: gateway.url, publicKey: gateway.publicKey });
