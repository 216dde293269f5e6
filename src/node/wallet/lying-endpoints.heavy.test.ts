import {
  Keypair,
  type MessageV0,
  type PublicKey,
  type Signer,
  type VersionedTransaction,
} from '@solana/web3.js';
import bs58 from 'bs58';
import { describe, expect, test, vi } from 'vitest';
import {
  buildSettlement,
  computeUnits,
  settlementInstructions,
} from '#contract/settlement/settlement-transaction.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import { noLocalChain } from '#testing/local-chain.ts';
import { startLiar } from '#testing/lying-gateway.ts';
import { type MoneyNode, netOfRequest } from '#testing/money-node.ts';
import { eachWithMoney } from '#testing/money-stage.ts';

// biome-ignore lint/suspicious/noExplicitAny: what each method of JSON-RPC answers
type Answer = { result: any };

const until = (done: () => void) => vi.waitFor(done, { timeout: 20_000, interval: 20 });

describe.skipIf(noLocalChain)(`endpoints that lie${noLocalChain ? ` (${noLocalChain})` : ''}`, () => {
  const stage = eachWithMoney();
  const paidBy = () => stage.treasury.keypair.publicKey;
  const orderOf = (node: MoneyNode, feePayer: PublicKey = paidBy()) => ({
    feePayer: feePayer.toBase58(),
    treasury: paidBy().toBase58(),
    payout: stage.owner.address,
    mint: nativeMint,
    token: null,
    channel: node.ledger.channels()[0]?.channel ?? '',
    cumulativeAtomic: netOfRequest,
    amountAtomic: netOfRequest,
  });
  const look = async (node: MoneyNode) => {
    await node.wallet.refresh();
    await node.wallet.refresh();
  };

  /** An endpoint of the chain behind somebody who changes its answers. */
  async function openLiar(lie: (answer: Answer) => void) {
    const liar = await startLiar(stage.chain.url, (_path, answer) => {
      lie(answer as Answer);
      return answer;
    });
    stage.closing.push(() => liar.close());
    return liar;
  }

  /** A node with one request vouched for, which a treasury pays that says nothing of it. */
  async function startVouched(solanaRpcUrls: string[]): Promise<MoneyNode> {
    const node = await stage.startNode({ payoutBy: 'claim', solanaRpcUrls });
    await node.serve(1);
    await until(() => expect(node.sums().voucheredLamports).toBe(`${netOfRequest}`));
    return node;
  }

  const lies: [string, (answer: Answer) => void][] = [
    [
      'failed',
      ({ result }) => {
        if (result?.meta) result.meta.err = 'AccountNotFound';
      },
    ],
    [
      'is of something else by its memo, listed twice',
      ({ result }) => {
        if (!Array.isArray(result)) return;
        for (const one of result) one.memo = '[5] other';
        result.push(...result);
      },
    ],
  ];
  test.each(lies)('the first of them alone does not make that a payment %s', async (_name, lie) => {
    const second = await stage.chain.openEndpoint();
    const liar = await openLiar(lie);
    const node = await startVouched([liar.url, stage.chain.url, second.url]);
    await stage.chain.send(settlementInstructions(orderOf(node)), [stage.treasury.keypair]);
    await look(node);
    expect(node.sums()).toMatchObject({ settledLamports: `${netOfRequest}`, voucheredLamports: '0' });
  });

  test('one of two that says a payment failed is not believed, nor is it booked', async () => {
    const liar = await openLiar(lies[0]?.[1] ?? (() => {}));
    const node = await startVouched([liar.url, stage.chain.url]);
    await stage.chain.send(settlementInstructions(orderOf(node)), [stage.treasury.keypair]);
    await look(node);
    expect(node.wallet.payments(9).map(({ state }) => state)).toEqual(['confirmed']);
    expect(node.sums().settledLamports).toBe('0');
    liar.isHonest = true;
    await look(node);
    expect(node.wallet.payments(9).map(({ state }) => state)).toEqual(['finalized']);
    expect(node.sums().settledLamports).toBe(`${netOfRequest}`);
  });

  test('a payment that nobody signed is none, whatever the one endpoint shows of it', async () => {
    let shown: object | null = null;
    let signature = '';
    let asked = 0;
    const liar = await openLiar((answer) => {
      const { result } = answer;
      if (shown === null) return;
      if (Array.isArray(result))
        result.unshift({
          ...{ signature, slot: stage.chain.ledger.slot(), err: null, memo: null, blockTime: 1 },
          confirmationStatus: 'finalized',
        });
      else if (Array.isArray(result?.value) && result.value[0] === null)
        result.value[0] = { slot: 1, confirmations: null, err: null, confirmationStatus: 'finalized' };
      else if (result === null) {
        answer.result = shown;
        asked += 1;
      }
    });
    const node = await startVouched([liar.url]);
    const payer = Keypair.generate();
    const made = (feePayer: PublicKey, signers: Signer[], forged: number[]) => {
      const { blockhash } = stage.chain.ledger.blockhash();
      const transaction = buildSettlement(orderOf(node, feePayer), {
        blockhash,
        price: { microLamports: 1000n, units: computeUnits(false) },
      });
      transaction.sign(signers);
      for (const index of forged) transaction.signatures[index] = bs58.decode(randomSignature());
      return transaction;
    };
    // Neither signed; signed by who pays the fee alone; signed by all, and changed afterwards.
    const forgeries = [
      made(paidBy(), [], [0]),
      made(payer.publicKey, [payer], [1]),
      made(paidBy(), [stage.treasury.keypair], []),
    ];
    const changed = forgeries[2]?.message as MessageV0;
    changed.recentBlockhash = stage.chain.ledger.blockhash(1).blockhash;
    for (const forgery of forgeries) {
      signature = bs58.encode(forgery.signatures[0] ?? new Uint8Array());
      shown = asShown(forgery, stage.owner.address);
      const before = asked;
      await look(node);
      expect(asked).toBeGreaterThan(before);
      expect(node.wallet.payments(9)).toEqual([]);
    }
    expect(node.sums()).toMatchObject({ settledLamports: '0', voucheredLamports: `${netOfRequest}` });

    // The same, signed: only a lone endpoint's word is left, which counts.
    const signed = made(paidBy(), [stage.treasury.keypair], []);
    signature = bs58.encode(signed.signatures[0] ?? new Uint8Array());
    shown = asShown(signed, stage.owner.address);
    await look(node);
    expect(node.sums().settledLamports).toBe(`${netOfRequest}`);
  });
});

const randomSignature = () => bs58.encode(crypto.getRandomValues(new Uint8Array(64)));

/** A transaction as `getTransaction` answers it: it went through, and the wallet has what it is owed. */
function asShown({ message, signatures, version }: VersionedTransaction, payout: string) {
  const accountKeys = message.staticAccountKeys.map((key) => key.toBase58());
  const balances = accountKeys.map(() => 0);
  return {
    ...{ slot: 1, blockTime: 1, version },
    meta: {
      ...{ err: null, status: { Ok: null }, fee: 5000, preBalances: balances },
      postBalances: accountKeys.map((key) => (key === payout ? Number(netOfRequest) : 0)),
      ...{ preTokenBalances: [], postTokenBalances: [], innerInstructions: [], rewards: [], logMessages: [] },
      loadedAddresses: { writable: [], readonly: [] },
    },
    transaction: {
      signatures: signatures.map((signature) => bs58.encode(signature)),
      message: {
        header: message.header,
        accountKeys,
        recentBlockhash: message.recentBlockhash,
        instructions: message.compiledInstructions.map(({ programIdIndex, accountKeyIndexes, data }) => ({
          programIdIndex,
          accounts: accountKeyIndexes,
          data: bs58.encode(data),
        })),
        addressTableLookups: [],
      },
    },
  };
}
