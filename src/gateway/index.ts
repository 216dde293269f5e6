import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { clusterSchema } from '#contract/wire/network.ts';
import { createGateway, type Gateway } from './gateway.ts';
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
    /** Relays for wallets on phones whose sign-ins are taken; may be repeated. */
    'phone-relay': { type: 'string', multiple: true, default: [] },
    /** What a payer may owe, in lamports; on a chain it is the treasury that lends it. */
    'credit-limit': { type: 'string' },
    /** Pays from this key file (0600, as solana-keygen writes it) instead of in test credits. */
    treasury: { type: 'string' },
    /** The chain's JSON-RPC address; may be repeated: of two both must answer, of three two. */
    rpc: { type: 'string', multiple: true, default: [] },
    cluster: { type: 'string', default: 'localnet' },
    /** An SPL token to pay with instead of SOL. */
    mint: { type: 'string' },
    /** Nothing is paid below it, in lamports or the token's smallest unit. */
    'settle-threshold': { type: 'string' },
    /** How often payments under way are looked after. */
    'settle-every-ms': { type: 'string', default: '2000' },
    'i-know-this-is-real-money': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const help = `solanalm-gateway: the network's other side on one machine, with test credits or on a Solana chain

  --port 8001 --host 127.0.0.1   where it listens
  --data <folder>                its books, key and training tasks
  --test-requests <number>       requests a minute that it sends itself
  --trainer <file>               the program that evaluates models of training rounds
  --resources <folder>           what ships with the app
  --origin <url>                 another address that it is known by; may be repeated
  --phone-relay <url>            a relay for wallets on phones whose sign-ins it takes; may be repeated
  --credit-limit <amount>        what a payer may owe, in lamports or the token's smallest unit

With a chain it pays in SOL or tokens instead of test credits:
  --treasury <key file>          who pays: a file of solana-keygen's, readable by its user alone
  --rpc <url>                    the chain's JSON-RPC; may be repeated, the first that answers is asked
  --cluster localnet|devnet      mainnet-beta wants --i-know-this-is-real-money, too
  --mint <token>                 pay with this SPL token
  --settle-threshold 2000000     nothing is paid below it, in lamports or the token's smallest unit
  --settle-every-ms 2000         how often payments under way are looked after

Maintenance: write {"until": "2026-01-31T18:00:00+01:00", "reason": "new disk"} to maintenance.json in the data
folder. With their next report, within 30 s, nodes are asked to rest until then: they end the work they have and
take no more. Delete the file to end it earlier.`;

if (flags.help) {
  console.log(help);
  process.exit(0);
}

function chainOf(): ChainOptions | undefined {
  const { treasury, rpc, mint } = flags;
  if (treasury === undefined && rpc.length === 0) return undefined;
  if (treasury === undefined) throw new Error('paying on a chain wants --treasury <key file>');
  const cluster = clusterSchema.safeParse(flags.cluster);
  if (!cluster.success) throw new Error(`--cluster wants one of ${clusterSchema.options.join(', ')}`);
  return {
    cluster: cluster.data,
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

function relaysOf(): string[] {
  const relays = z.array(z.url({ protocol: /^https?$/ })).safeParse(flags['phone-relay']);
  if (!relays.success) throw new Error('--phone-relay wants an address, as https://relay.example');
  return relays.data.map((url) => new URL(url).origin);
}

async function start(): Promise<Gateway> {
  const creditLimitLamports = amountOf('credit-limit');
  return createGateway({
    port: Number(flags.port),
    host: flags.host,
    dataDir: flags.data,
    trainerPath: flags.trainer,
    resourcesDir: flags.resources,
    testRequestsPerMinute: Number(flags['test-requests']),
    origins: flags.origin,
    relays: relaysOf(),
    chain: chainOf(),
    ...(creditLimitLamports === undefined ? {} : { creditLimitLamports }),
  });
}

const gateway = await start().catch((thrown: unknown) => {
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
process.on('message', (message: { testRequestsPerMinute: number; relays: string[] }) => {
  gateway.setTestRequestsPerMinute(message.testRequestsPerMinute);
  gateway.setRelays(message.relays);
});

console.log(
  `${flags.treasury ? `SolanaLM gateway (${flags.cluster})` : 'Local SolanaLM gateway (test credits)'} at ${gateway.url}`,
);
process.send?.({ type: 'ready', url: gateway.url, publicKey: gateway.publicKey });
