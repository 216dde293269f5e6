/** How a test wallet meets questions. `alter` signs something else than it was asked; `silent` never answers. */
export type WalletManner = 'approve' | 'reject' | 'alter' | 'silent';

export interface TestWalletOptions {
  name: string;
  /** Base58, and the same 32 bytes. */
  address: string;
  publicKey: number[];
  /** The ed25519 key as WebCrypto takes it. */
  privateKey: { kty: string; crv: string; x: string; d: string };
  manner: WalletManner;
  /** Left out for a wallet that knows no Sign In With Solana. */
  signsIn: boolean;
}

/**
 * Puts a Wallet Standard wallet into a page, which signs for real, without a window that asks. Runs in the page before its own scripts:
 * `context.addInitScript(installTestWallet, testWalletOptions())`, so it holds on to nothing outside itself. `globalThis.testWallet.manner`
 * changes how it meets the next question.
 */
export function installTestWallet(options: TestWalletOptions): void {
  const state = { manner: options.manner, asked: 0 };
  Object.assign(globalThis, { testWallet: state });
  const chains = ['solana:mainnet', 'solana:devnet', 'solana:localnet'] as const;
  const account = {
    address: options.address,
    publicKey: Uint8Array.from(options.publicKey),
    chains,
    features: ['solana:signMessage', 'solana:signTransaction', 'solana:signIn'],
  };
  let accounts: (typeof account)[] = [];
  const listeners = new Set<(change: { accounts: typeof accounts }) => void>();

  const sign = async (message: Uint8Array<ArrayBuffer>) => {
    const key = await crypto.subtle.importKey('jwk', options.privateKey, 'Ed25519', false, ['sign']);
    return new Uint8Array(await crypto.subtle.sign('Ed25519', key, message));
  };
  const decide = async () => {
    state.asked += 1;
    if (state.manner === 'silent') await new Promise(() => {});
    // Phantom's code and words.
    if (state.manner === 'reject')
      throw Object.assign(new Error('User rejected the request.'), { code: 4001 });
  };
  const connect = async ({ silent = false } = {}) => {
    if (accounts.length === 0 && !silent) {
      await decide();
      accounts = [account];
      for (const listener of listeners) listener({ accounts });
    }
    return { accounts };
  };
  const signMessage = async (message: Uint8Array) => {
    await decide();
    const signedMessage = Uint8Array.from(message);
    if (state.manner === 'alter') signedMessage[0] = (signedMessage[0] ?? 0) ^ 1;
    return { signedMessage, signature: await sign(signedMessage) };
  };
  /** How many signatures there are, and where they begin: one byte up to 127 of them. */
  const signTransaction = async (transaction: Uint8Array) => {
    await decide();
    const bytes = Uint8Array.from(transaction);
    const count = bytes[0] ?? 0;
    const message = bytes.subarray(1 + count * 64);
    // Its last byte belongs to an instruction or a table of addresses.
    if (state.manner === 'alter') message[message.length - 1] = (message.at(-1) ?? 0) ^ 1;
    const keysAt = ((message[0] ?? 0) & 0x80 ? 4 : 3) + 1;
    const isOwn = (n: number) =>
      account.publicKey.every((byte, at) => message[keysAt + n * 32 + at] === byte);
    const own = Array.from({ length: count }, (_, n) => n).find(isOwn);
    if (own === undefined) throw new Error('This account signs nothing of it.');
    bytes.set(await sign(Uint8Array.from(message)), 1 + own * 64);
    return { signedTransaction: bytes };
  };
  const fields = [
    ['URI', 'uri'],
    ['Version', 'version'],
    ['Chain ID', 'chainId'],
    ['Nonce', 'nonce'],
    ['Issued At', 'issuedAt'],
    ['Expiration Time', 'expirationTime'],
    ['Not Before', 'notBefore'],
    ['Request ID', 'requestId'],
  ] as const;
  const signIn = async (input: Record<string, string> & { resources?: string[] }) => {
    const domain = input.domain ?? location.host;
    if (domain !== location.host) throw new Error(`This page is ${location.host}, not ${domain}.`);
    await decide();
    const statement = state.manner === 'alter' ? 'Give everything away.' : input.statement;
    const lines = fields.flatMap(([name, key]) => (input[key] ? [`${name}: ${input[key]}`] : []));
    if (input.resources) lines.push('Resources:', ...input.resources.map((resource) => `- ${resource}`));
    const blocks = [
      `${domain} wants you to sign in with your Solana account:\n${options.address}`,
      ...(statement ? [statement] : []),
      ...(lines.length > 0 ? [lines.join('\n')] : []),
    ];
    const signedMessage = new TextEncoder().encode(blocks.join('\n\n'));
    accounts = [account];
    return { account, signedMessage, signature: await sign(signedMessage), signatureType: 'ed25519' };
  };
  const each =
    <I, O>(answer: (input: I) => Promise<O>) =>
    (...inputs: I[]) =>
      Promise.all(inputs.map(answer));

  const wallet = {
    version: '1.0.0',
    name: options.name,
    icon: 'data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHZpZXdCb3g9IjAgMCAyNCAyNCI+PHJlY3Qgd2lkdGg9IjI0IiBoZWlnaHQ9IjI0IiByeD0iNiIgZmlsbD0iI2FiOWZmMiIvPjwvc3ZnPg==',
    chains,
    get accounts() {
      return accounts;
    },
    features: {
      'standard:connect': { version: '1.0.0', connect },
      'standard:disconnect': {
        version: '1.0.0',
        disconnect: async () => {
          accounts = [];
        },
      },
      'standard:events': {
        version: '1.0.0',
        on(_: 'change', listener: (change: { accounts: typeof accounts }) => void) {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
      'solana:signMessage': {
        version: '1.1.0',
        signMessage: each(({ message }: { message: Uint8Array }) => signMessage(message)),
      },
      'solana:signTransaction': {
        version: '1.0.0',
        supportedTransactionVersions: ['legacy', 0],
        signTransaction: each(({ transaction }: { transaction: Uint8Array }) => signTransaction(transaction)),
      },
      ...(options.signsIn ? { 'solana:signIn': { version: '1.0.0', signIn: each(signIn) } } : {}),
    },
  };
  const register = ({ register: take }: { register(one: typeof wallet): void }) => take(wallet);
  dispatchEvent(new CustomEvent('wallet-standard:register-wallet', { detail: register }));
  addEventListener('wallet-standard:app-ready', (event) =>
    register((event as CustomEvent<{ register(one: typeof wallet): void }>).detail),
  );
}
