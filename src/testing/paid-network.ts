import { join } from 'node:path';
import { createGateway } from '#gateway/gateway.ts';
import { startLocalChain } from './local-chain.ts';
import { writeKeyFile } from './paying-books.ts';

const treasuryLamports = 10_000_000_000n;
/** As often as Solana's slots pass. */
const slotMs = 400;
/** Sooner than the usual 2 s, so that nobody waits for it. */
const settleEveryMs = 500;

export type PaidNetwork = Awaited<ReturnType<typeof openPaidNetwork>>;

/** A chain of one, and a gateway on it that pays in SOL from a treasury with 10 SOL. `dir` is an empty folder for keys and books. */
export async function openPaidNetwork(dir: string) {
  const chain = await startLocalChain({ slotMs });
  const { file, keypair } = writeKeyFile(dir);
  const treasury = keypair.publicKey.toBase58();
  chain.airdrop(treasury, treasuryLamports);
  const gateway = await createGateway({
    port: 0,
    host: '127.0.0.1',
    dataDir: join(dir, 'gateway'),
    chain: { cluster: 'localnet', rpcUrls: [chain.url], treasuryFile: file, pollMs: settleEveryMs },
  });
  return {
    chain,
    gateway,
    treasury,
    async close(): Promise<void> {
      await gateway.close();
      await chain.close();
    },
  };
}
