import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Connection,
  Keypair,
  type PublicKey,
  type Signer,
  SystemProgram,
  Transaction,
  type TransactionInstruction,
} from '@solana/web3.js';
import { openChainLedger, RpcError } from './local-chain-ledger.ts';
import { type ChainFaults, createChainMethods } from './local-chain-methods.ts';

/** Where there is no Solana VM, tests of the chain are skipped with this line. */
export const noLocalChain =
  process.platform === 'win32'
    ? 'skipped: litesvm, the Solana VM of these tests, has no build for Windows'
    : null;

export interface ChainEndpoint {
  url: string;
  faults: ChainFaults;
  /** How often each method was called. */
  calls: Map<string, number>;
}

export type LocalChain = Awaited<ReturnType<typeof startLocalChain>>;

/** A Solana cluster of one, for tests: JSON-RPC over a real VM, to which a plain `Connection` talks. */
export async function startLocalChain(options: { slotMs?: number } = {}) {
  const ledger = await openChainLedger();
  const genesisHash = Keypair.generate().publicKey.toBase58();
  const closing: (() => Promise<void>)[] = [];
  const first = await openEndpoint();
  const connection = new Connection(first.url, 'confirmed');
  if (options.slotMs !== undefined) {
    const timer = setInterval(() => ledger.advance(1), options.slotMs);
    timer.unref();
    closing.push(async () => clearInterval(timer));
  }

  /** One more address of the same chain, with faults of its own. */
  async function openEndpoint(): Promise<ChainEndpoint> {
    const faults: ChainFaults = {
      rateLimited: 0,
      hangs: false,
      lagSlots: 0,
      drops: false,
      claimsFinalized: false,
      forges: null,
      aheadBlocks: 0,
      lessLifetimeBlocks: 0,
      forgets: false,
      balances: new Map(),
      inflates: 0,
      genesisHash: null,
      firstSlot: 0,
    };
    const calls = new Map<string, number>();
    const call = createChainMethods(ledger, faults, genesisHash);
    const answer = (request: { id?: unknown; method: string; params?: unknown }) => {
      calls.set(request.method, (calls.get(request.method) ?? 0) + 1);
      const base = { jsonrpc: '2.0', id: request.id ?? null };
      try {
        return { ...base, result: call(request.method, request.params) };
      } catch (thrown) {
        const { code, message, data } =
          thrown instanceof RpcError ? thrown : new RpcError(-32603, `${thrown}`);
        return { ...base, error: { code, message, ...(data === undefined ? {} : { data }) } };
      }
    };
    const server = createServer((request, response) => {
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('access-control-allow-headers', 'content-type, solana-client');
      if (request.method === 'OPTIONS') return void response.writeHead(204).end();
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        if (faults.hangs) return;
        if (faults.rateLimited > 0) {
          faults.rateLimited -= 1;
          return void response.writeHead(429, { 'retry-after': '1' }).end('Too many requests');
        }
        const asked = JSON.parse(Buffer.concat(parts).toString());
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(Array.isArray(asked) ? asked.map(answer) : answer(asked)));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, faults, calls };
  }

  /** Signs and sends; it is final at once. Throws what the chain says. */
  async function send(instructions: TransactionInstruction[], signers: Signer[]): Promise<string> {
    const transaction = new Transaction({ ...ledger.blockhash(), feePayer: signers[0]?.publicKey ?? null });
    transaction.add(...instructions).sign(...signers);
    const signature = ledger.send(transaction.serialize(), { skipPreflight: false, drop: false });
    ledger.settle(signature, 'finalized');
    ledger.advance(1);
    return signature;
  }

  return {
    ...first,
    ledger,
    genesisHash,
    connection,
    openEndpoint,
    send,
    airdrop: (address: string, lamports: bigint) => ledger.airdrop(address, lamports),
    lamportsOf: (address: string): bigint => ledger.accountOf(address)?.lamports ?? 0n,
    async close(): Promise<void> {
      for (const close of closing.splice(0)) await close();
    },
  };
}

type Spl = typeof import('@solana/spl-token');

/** An extension of Token-2022: its kind, and what is done to a mint before it is one. */
export type Extension = (
  spl: Spl,
  mint: PublicKey,
) => [Spl['ExtensionType'][keyof Spl['ExtensionType']], TransactionInstruction];

export const transferFee =
  (authority: PublicKey, basisPoints: number): Extension =>
  ({ ExtensionType, createInitializeTransferFeeConfigInstruction, TOKEN_2022_PROGRAM_ID }, mint) => [
    ExtensionType.TransferFeeConfig,
    createInitializeTransferFeeConfigInstruction(
      mint,
      authority,
      authority,
      basisPoints,
      1_000_000n,
      TOKEN_2022_PROGRAM_ID,
    ),
  ];

/** A mint of so many decimals whose whole supply `owner` holds; `program` as @solana/spl-token names it. */
export async function issueToken(
  chain: LocalChain,
  parts: {
    owner: Keypair;
    decimals: number;
    supply: bigint;
    program?: PublicKey;
    extension?: Extension;
  },
): Promise<string> {
  const spl = await import('@solana/spl-token');
  const { owner, decimals, supply, program = spl.TOKEN_PROGRAM_ID, extension } = parts;
  const mint = Keypair.generate();
  const [kind, initialize] = extension?.(spl, mint.publicKey) ?? [];
  const space = spl.getMintLen(kind === undefined ? [] : [kind]);
  const account = spl.getAssociatedTokenAddressSync(mint.publicKey, owner.publicKey, false, program);
  await chain.send(
    [
      SystemProgram.createAccount({
        fromPubkey: owner.publicKey,
        newAccountPubkey: mint.publicKey,
        lamports: Number(chain.ledger.rentExemptLamports(space)),
        space,
        programId: program,
      }),
      ...(initialize ? [initialize] : []),
      spl.createInitializeMintInstruction(mint.publicKey, decimals, owner.publicKey, null, program),
      spl.createAssociatedTokenAccountIdempotentInstruction(
        owner.publicKey,
        account,
        owner.publicKey,
        mint.publicKey,
        program,
      ),
      spl.createMintToInstruction(mint.publicKey, account, owner.publicKey, supply, [], program),
    ],
    [owner, mint],
  );
  return mint.publicKey.toBase58();
}
