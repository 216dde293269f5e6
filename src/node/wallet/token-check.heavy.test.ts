import { AccountState, TOKEN_2022_PROGRAM_ID } from '@solana/spl-token';
import { Keypair, PublicKey } from '@solana/web3.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mintIn } from '#contract/settlement/token-accounts.ts';
import {
  type Extension,
  issueToken,
  type LocalChain,
  noLocalChain,
  startLocalChain,
  transferFee,
} from '#testing/local-chain.ts';
import { systemClock } from '../clock.ts';
import { type Ledger, openLedger } from '../ledger/ledger.ts';
import { createChainAccess } from './chain.ts';
import { checkToken } from './token-check.ts';

const owner = Keypair.generate();
const key = owner.publicKey;
const program = TOKEN_2022_PROGRAM_ID;
const decimals = 6;

const refused: [name: string, extension: Extension][] = [
  ['transfer fee', transferFee(key, 0)],
  [
    'mint close authority',
    (spl, mint) => [
      spl.ExtensionType.MintCloseAuthority,
      spl.createInitializeMintCloseAuthorityInstruction(mint, key, program),
    ],
  ],
  [
    'default account state',
    (spl, mint) => [
      spl.ExtensionType.DefaultAccountState,
      spl.createInitializeDefaultAccountStateInstruction(mint, AccountState.Initialized, program),
    ],
  ],
  [
    'non-transferable',
    (spl, mint) => [
      spl.ExtensionType.NonTransferable,
      spl.createInitializeNonTransferableMintInstruction(mint, program),
    ],
  ],
  [
    'interest-bearing',
    (spl, mint) => [
      spl.ExtensionType.InterestBearingConfig,
      spl.createInitializeInterestBearingMintInstruction(mint, key, 500, program),
    ],
  ],
  [
    'permanent delegate',
    (spl, mint) => [
      spl.ExtensionType.PermanentDelegate,
      spl.createInitializePermanentDelegateInstruction(mint, key, program),
    ],
  ],
  [
    'transfer hook',
    (spl, mint) => [
      spl.ExtensionType.TransferHook,
      spl.createInitializeTransferHookInstruction(mint, key, key, program),
    ],
  ],
  [
    'scaled UI amount',
    (spl, mint) => [
      spl.ExtensionType.ScaledUiAmountConfig,
      spl.createInitializeScaledUiAmountConfigInstruction(mint, key, 2, program),
    ],
  ],
  [
    'pausable',
    (spl, mint) => [
      spl.ExtensionType.PausableConfig,
      spl.createInitializePausableConfigInstruction(mint, key, program),
    ],
  ],
];
const metadata: Extension = (spl, mint) => [
  spl.ExtensionType.MetadataPointer,
  spl.createInitializeMetadataPointerInstruction(mint, key, mint, program),
];

describe.skipIf(noLocalChain)(`what a token may have${noLocalChain ? ` (${noLocalChain})` : ''}`, () => {
  let chain: LocalChain;
  let ledger: Ledger;
  beforeAll(async () => {
    chain = await startLocalChain();
    chain.airdrop(key.toBase58(), 100_000_000_000n);
    ledger = openLedger(':memory:', { clock: systemClock });
  });
  afterAll(async () => {
    ledger.close();
    await chain.close();
  });
  const issue = (extension: Extension) =>
    issueToken(chain, { owner, decimals, supply: 1n, program, extension });
  const check = (mint: string) => {
    const { genesisHash, url } = chain;
    const urls = [url];
    return checkToken(
      { mint, decimals },
      { ledger, chain: createChainAccess({ cluster: 'localnet', genesisHash, urls, clock: systemClock }) },
    );
  };

  test.each(refused)('a token with the extension “%s” is refused by name', async (name, extension) => {
    const mint = await issue(extension);
    await expect(check(mint)).rejects.toMatchObject({
      code: 'settlement/bad-token',
      message: expect.stringMatching(
        new RegExp(`^${mint} cannot be paid with: it .* \\(extension “${name}”\\)$`),
      ),
      data: { mint },
    });
    expect(ledger.token(mint)).toBeNull();
  });

  test('one with metadata is taken; with an extension that nobody knows, or one more behind it, it is not', async () => {
    const mint = await issue(metadata);
    await check(mint);
    expect(ledger.token(mint)).toMatchObject({ decimals });
    const account = await chain.connection.getAccountInfo(new PublicKey(mint));
    if (!account) throw new Error('there is no mint');
    const data = Buffer.from(account.data);
    const kindAt = 166;
    expect(data.readUInt16LE(kindAt)).toBe(18);
    data.writeUInt16LE(99, kindAt);
    expect(() => mintIn(mint, { ...account, data })).toThrow('extension “99”');
    const delegate = Buffer.alloc(36, 1);
    delegate.writeUInt16LE(12, 0);
    delegate.writeUInt16LE(32, 2);
    expect(() => mintIn(mint, { ...account, data: Buffer.concat([account.data, delegate]) })).toThrow(
      'extension “permanent delegate”',
    );
    expect(mintIn(mint, { ...account, data: Buffer.concat([account.data, Buffer.alloc(50)]) })).toMatchObject(
      {
        decimals,
      },
    );
  });
});
