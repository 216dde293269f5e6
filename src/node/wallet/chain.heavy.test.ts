import { Keypair, PublicKey, SystemProgram } from '@solana/web3.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkAddress } from '#contract/settlement/address.ts';
import { tokenAccountOf } from '#contract/settlement/token-accounts.ts';
import { createFakeClock } from '#testing/fake-clock.ts';
import { issueToken, type LocalChain, noLocalChain, startLocalChain } from '#testing/local-chain.ts';
import { checkOnChain } from './address-on-chain.ts';
import { readBalances } from './balances.ts';
import { createChainAccess } from './chain.ts';
import { payableAddress } from './payable.ts';

const sol = 1_000_000_000n;

describe.skipIf(noLocalChain)(`a chain behind endpoints${noLocalChain ? ` (${noLocalChain})` : ''}`, () => {
  let chain: LocalChain;
  let time: ReturnType<typeof createFakeClock>;
  const access = (...urls: string[]) =>
    createChainAccess({
      cluster: 'localnet',
      genesisHash: chain.genesisHash,
      urls: urls.length > 0 ? urls : [chain.url],
      clock: time.clock,
      timeoutMs: 300,
    });
  beforeEach(async () => {
    chain = await startLocalChain();
    time = createFakeClock();
  });
  afterEach(() => chain.close());
  const slot = (found: ReturnType<typeof access>) => found.ask((connection) => connection.getSlot());

  test('an endpoint that does not answer in time rests, twice as long each time, while the next is asked', async () => {
    const second = await chain.openEndpoint();
    const found = access(chain.url, second.url);
    chain.faults.hangs = true;
    await slot(found);
    expect(found.state()).toMatchObject({ endpoint: second.url, isRightCluster: true, problem: null });
    const asked = chain.calls.get('getGenesisHash') ?? 0;
    await slot(found);
    expect(chain.calls.get('getGenesisHash') ?? 0).toBe(asked);
    chain.faults.hangs = false;
    time.advance(2000);
    await slot(found);
    expect(found.state().endpoint).toBe(chain.url);
  });

  test('one that asks for fewer requests is left alone for as long as it says', async () => {
    const found = access();
    chain.faults.rateLimited = 1;
    await expect(slot(found)).rejects.toMatchObject({ code: 'chain/unreachable' });
    await expect(slot(found)).rejects.toMatchObject({ code: 'chain/unreachable' });
    time.advance(2000);
    await expect(slot(found)).resolves.toBeGreaterThan(0);
  });

  test('one of another cluster is never believed, and said when there is no other', async () => {
    chain.faults.genesisHash = Keypair.generate().publicKey.toBase58();
    const found = access();
    await expect(slot(found)).rejects.toMatchObject({ code: 'chain/wrong-cluster' });
    expect(found.state()).toMatchObject({ isRightCluster: false, problem: { code: 'chain/wrong-cluster' } });
  });

  test('balances are those of the wallet, its tokens of either program included', async () => {
    const owner = Keypair.generate();
    chain.airdrop(owner.publicKey.toBase58(), sol);
    const mint = await issueToken(chain, { owner, decimals: 6, supply: 5_000_000n });
    const wallet = owner.publicKey.toBase58();
    expect(await readBalances(access(), wallet, mint)).toEqual({
      lamports: `${chain.lamportsOf(wallet)}`,
      tokenAtomic: '5000000',
    });
    expect(await readBalances(access(), wallet, null)).toMatchObject({ tokenAtomic: null });
  });

  test('an address that is none to be paid at is known for what it is', async () => {
    const owner = Keypair.generate();
    const wallet = owner.publicKey.toBase58();
    const kind = async (address: string) => {
      const { kind: told, warning } = await checkOnChain(access(), checkAddress(address));
      return [told, warning];
    };
    expect(await kind(wallet)).toEqual(['new', 'new']);
    chain.airdrop(wallet, sol);
    expect(await kind(wallet)).toEqual(['wallet', null]);
    const mint = await issueToken(chain, { owner, decimals: 6, supply: 1n });
    expect(await kind(mint)).toEqual(['program', 'program']);
    const held = tokenAccountOf(wallet, mint, 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA');
    expect(await kind(held)).toEqual(['token-account', 'token-account']);

    expect(await payableAddress(` ${wallet} `, access())).toBe(wallet);
    await expect(payableAddress(held, access())).rejects.toMatchObject({
      code: 'wallet/invalid-address',
      message: `${held} is a token account, not a wallet: give the address of the wallet that owns it.`,
    });
    await expect(payableAddress(mint, access())).rejects.toMatchObject({ code: 'wallet/invalid-address' });
    const [derived] = PublicKey.findProgramAddressSync([Buffer.from('x')], SystemProgram.programId);
    expect(await kind(derived.toBase58())).toEqual(['program-address', 'program-address']);
    // A chain that is away says nothing against an address.
    chain.faults.hangs = true;
    expect(await payableAddress(held, access())).toBe(held);
  });
});
