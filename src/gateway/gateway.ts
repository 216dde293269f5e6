import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { assetOf, solDecimals } from '#contract/assets.ts';
import type { HardwareMinimum } from '#contract/wire/node-capabilities.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import { openBooks } from './books.ts';
import { openDatabase } from './database.ts';
import { openGatewayKey } from './ed25519.ts';
import { createCoordinator } from './federated/coordinator.ts';
import { openRoundBook } from './federated/round-book.ts';
import { readTaskList } from './federated/task-list.ts';
import type { Trainer } from './federated/trainer.ts';
import { openTrainerProcess } from './federated/trainer-process.ts';
import { readMaintenance } from './maintenance.ts';
import { createNodeSignatureCheck, slowestRequestMs } from './node-signature.ts';
import { watchNodes } from './node-watch.ts';
import { createReceiptDesk } from './receipt-desk.ts';
import type { RegisteredNode } from './registry.ts';
import { createRelay } from './relay.ts';
import { createGatewayRoutes } from './routes.ts';
import { openChannelBook } from './settlement/channel-book.ts';
import type { ChainOptions, OpenSettlement } from './settlement/open-settlement.ts';
import { createPayoutWallets } from './settlement/payout-wallets.ts';
import { openSettlementBook } from './settlement/settlement-book.ts';
import { createVoucherDesk } from './settlement/voucher-desk.ts';
import { createTestRequests } from './test-requests.ts';

export interface GatewayOptions {
  port: number;
  host: string;
  dataDir: string;
  requirements?: HardwareMinimum;
  /** What a payer may owe, in lamports: 1 SOL on a chain, 1000 of test credits without it being said. */
  creditLimitLamports?: bigint;
  healthIntervalMs?: number;
  testRequestsPerMinute?: number;
  /** The program that evaluates the models of training rounds; without it they are not evaluated. */
  trainerPath?: string | undefined;
  /** Instead of that program. */
  trainer?: Trainer;
  /** What ships as data; its list of training tasks stands in where `dataDir` has none. */
  resourcesDir?: string | undefined;
  /** How often waiting nodes ask, and the rounds' time is looked at. */
  rounds?: { pollMs?: number; tickMs?: number | null };
  /** What it pays on; without it its lamports are credits of a test. */
  chain?: ChainOptions | undefined;
  /** Its own, as nodes may write them in delegations, besides where it listens. */
  origins?: readonly string[];
  /** Origins of relays for wallets on phones, whose sign-ins are taken. */
  relays?: readonly string[];
  /** Unix milliseconds; tests turn it. */
  now?: () => number;
}

export interface Gateway {
  url: string;
  publicKey: string;
  setTestRequestsPerMinute(perMinute: number): void;
  setRelays(origins: readonly string[]): void;
  account(nodeId: string): {
    owedLamports: bigint;
    receiptsAccepted: number;
    receiptsDisputed: number;
    jobs: number;
  };
  close(): Promise<void>;
}

/** A local network's gateway takes small machines: it asks only for what any computer has. */
const smallMachine: HardwareMinimum = { cpu_cores: 1, ram_gb: 1, storage_gb: 0, network_speed_mbps: 1 };
const plentyLamports = 1_000_000_000_000n;
/** On a chain the treasury pays nodes before anybody has paid it. */
const someLamports = 1_000_000_000n;

/** The network's other side on one machine: registry, routing, relay and books. Its credits are test credits. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  mkdirSync(options.dataDir, { recursive: true });
  const key = openGatewayKey(join(options.dataDir, 'gateway-key'));
  const now = options.now ?? Date.now;
  const database = openDatabase(join(options.dataDir, 'gateway.db'));
  const channels = openChannelBook(database, now);
  let settlement: OpenSettlement | null;
  try {
    settlement = await openChain(options.chain, { channels, book: openSettlementBook(database, now), now });
  } catch (thrown) {
    database.close();
    throw thrown;
  }
  const network = settlement?.terms.cluster ?? 'test-credits';
  const epoch = settlement?.epoch ?? channels.network(network, null);
  const mint = settlement?.terms.mint ?? nativeMint;
  const asset = assetOf(mint);
  const books = openBooks(database, now, network, asset);
  const vouchers = createVoucherDesk({ book: channels, signer: key, terms: { mint, epoch }, now });
  let origins: readonly string[] = options.origins ?? [];
  let relays: readonly string[] = options.relays ?? [];
  const wallets = createPayoutWallets({
    book: channels,
    chain: settlement && { treasury: settlement.terms.treasury, warningOf: settlement.warningOf },
    origins: () => origins,
    relays: () => relays,
    now,
  });
  const nodes = new Map<string, RegisteredNode>();
  const relay = createRelay({ key, nodes, books, now });
  let testRequests: ReturnType<typeof createTestRequests> | null = null;
  const federatedDir = join(options.dataDir, 'federated');
  const coordinator = createCoordinator({
    key,
    books,
    book: openRoundBook(database, now),
    dir: federatedDir,
    tasks: readTaskList([
      join(federatedDir, 'tasks.json'),
      ...(options.resourcesDir === undefined ? [] : [join(options.resourcesDir, 'federated/tasks.json')]),
    ]),
    trainer:
      options.trainer ??
      (options.trainerPath === undefined
        ? null
        : openTrainerProcess(options.trainerPath, join(federatedDir, 'cache'))),
    now,
    ...options.rounds,
  });
  const routes = createGatewayRoutes({
    key,
    nodes,
    books,
    relay,
    receipts: createReceiptDesk({
      gatewayKey: key.publicKey,
      books,
      channels,
      vouchers,
      terms: { asset, network },
      relay,
      onVouchered: () => settlement?.engine.poke(),
    }),
    channels,
    vouchers,
    wallets,
    settlement,
    terms: { mint, epoch },
    paidWith: { asset, decimals: settlement?.terms.decimals ?? solDecimals },
    coordinator,
    checkSignature: createNodeSignatureCheck(database, now),
    now,
    maintenance: () => readMaintenance(options.dataDir, now()),
    requirements: options.requirements ?? smallMachine,
    creditLimitLamports: options.creditLimitLamports ?? (settlement ? someLamports : plentyLamports),
    onNodeCame: () => testRequests?.nodeCame(),
  });
  const server = await new Promise<ReturnType<typeof serve>>((resolve, reject) => {
    const listening = serve(
      {
        fetch: routes.fetch,
        port: options.port,
        hostname: options.host,
        serverOptions: { requestTimeout: slowestRequestMs },
      },
      () => resolve(listening),
    );
    listening.once('error', reject);
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`;
  origins = [...origins, ...ownOrigins(url)];
  testRequests = createTestRequests({
    url,
    models: () =>
      [...nodes.values()]
        .filter(({ online }) => online)
        .flatMap((node) => node.capabilities.supported_models),
  });
  testRequests.setPerMinute(options.testRequestsPerMinute ?? 0);
  const watch = watchNodes(nodes, now, options.healthIntervalMs);

  return {
    url,
    publicKey: key.publicKey,
    setTestRequestsPerMinute: testRequests.setPerMinute,
    setRelays(now) {
      relays = now;
    },
    account(nodeId) {
      const account = books.account(nodeId);
      return {
        owedLamports: BigInt(account.owed_lamports),
        receiptsAccepted: account.receipts_accepted,
        receiptsDisputed: account.receipts_disputed,
        jobs: account.jobs,
      };
    },
    async close() {
      testRequests.stop();
      watch.stop();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
      });
      await coordinator.close();
      await settlement?.engine.close();
      database.close();
    },
  };
}

/** The chain's part is loaded where there is one: it is a third of the gateway's memory. */
async function openChain(
  chain: ChainOptions | undefined,
  parts: Parameters<typeof import('./settlement/open-settlement.ts')['openSettlement']>[1],
): Promise<OpenSettlement | null> {
  if (!chain) return null;
  const { openSettlement } = await import('./settlement/open-settlement.ts');
  return openSettlement(chain, parts);
}

/** A loopback address has more than one name. */
function ownOrigins(url: string): string[] {
  const { origin, hostname, port } = new URL(url);
  return hostname === '127.0.0.1' ? [origin, `http://localhost:${port}`] : [origin];
}
