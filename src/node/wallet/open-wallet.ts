import { usdcDecimals, usdcMints } from '#contract/assets.ts';
import { AppError } from '#contract/errors.ts';
import type { Pricing } from '#contract/money.ts';
import { errorBody, toAppError } from '#contract/result.ts';
import type { Settings } from '#contract/settings.ts';
import type { MoneySums, Payer, Payment, WalletStatus } from '#contract/wallet.ts';
import { clusterSchema } from '#contract/wire/network.ts';
import type { GatewayInfo } from '#contract/wire/node-capabilities.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import type { Clock } from '../clock.ts';
import type { KnownChannel } from '../ledger/channel-book.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { paymentText } from '../ledger/payment-book.ts';
import type { GatewayCalls } from '../link/gateway-calls.ts';
import type { NodeKey } from '../link/node-key.ts';
import type { SettingsStore } from '../settings-store.ts';
import { shownMoney } from '../shown-money.ts';
import { createSignal, type Signal } from '../signal.ts';
import { readBalances } from './balances.ts';
import { type ChainAccess, createChainAccess } from './chain.ts';
import { type Claims, createClaims } from './claims.ts';
import { type CreditBook, createCreditBook } from './credit-book.ts';
import { createWalletBinding, type WalletBinding } from './delegation.ts';
import { reconcile } from './reconciler.ts';
import { checkToken } from './token-check.ts';
import { openWalletStore } from './wallet-store.ts';

const lookMs = 30_000;
/** While something is owed, or a payment is under way, it is looked for more often. */
const owedMs = 5000;
const followMs = 2000;
const balancesMs = 60_000;
const quietMs = 500;
const mostShown = 20;

/** The gateway that the node works for, as far as it is known. */
export interface WorkingGateway {
  url: string;
  info: GatewayInfo;
  calls: Pick<GatewayCalls, 'claim' | 'settlements' | 'endDelegation'>;
}

export interface Wallet {
  binding: WalletBinding;
  claims: Claims;
  credit: CreditBook;
  status: Signal<WalletStatus>;
  sums: Signal<MoneySums>;
  latest: Signal<Payment[]>;
  payers(): Payer[];
  payments(limit: number): Payment[];
  /** Reads the balances, and looks for payments, now. */
  refresh(): Promise<void>;
  /** Why the gateway is not given the receipts that wait; null: it is. */
  tellReceiptProblem(problem: AppError | null): void;
  /** Something has changed that `status` tells. */
  changed(): void;
  /** The chain that the present gateway pays on; null with test credits. */
  chain(): ChainAccess | null;
  /** Takes the wallet's word back, at the gateway too. */
  revoke(): Promise<void>;
}

/** The node's side of money over one profile: whose wallet it is, what it is owed, and what the chain says. */
export function openWallet(parts: {
  file: string;
  ledger: Ledger;
  settings: SettingsStore;
  key: NodeKey;
  clock: Clock;
  signal: AbortSignal;
  /** Null while the node works for none. */
  gateway(): WorkingGateway | null;
  pricing(): Pricing;
  onFault(error: unknown): void;
  /** The longest pause between two looks at the chain; tests do not wait for the usual ones. */
  mostPauseMs?: number;
}): Wallet {
  const { ledger, settings, clock, signal } = parts;
  const current = () => settings.current.get();
  const payoutAddress = () => current().payoutAddress;
  let balances: WalletStatus['balances'] = null;
  let balancesOf = '';
  let access: { key: string; chain: ChainAccess } | null = null;
  let looking: Promise<void> | null = null;
  let hurry = new AbortController();
  let isTelling = false;
  let receiptProblem: AppError | null = null;

  const store = openWalletStore(parts.file);
  const binding = createWalletBinding({
    store,
    clock,
    node: { nodeKey: parts.key.publicKey, nodeId: parts.key.nodeId },
    payoutAddress,
    gatewayUrl: () => gatewayUrlOf(parts.gateway(), current()),
    network: () => parts.gateway()?.info.network ?? null,
    relayUrl: () => current().phoneRelayUrl,
  });

  // Who is paid is changed with the bound wallet's word alone, not in a file.
  const { boundTo, agreedTo } = store.current.get();
  const agreed = agreedTo ?? boundTo;
  if (agreed !== null && agreed !== payoutAddress()) {
    parts.onFault(
      new AppError(
        'wallet/proof-needed',
        `The settings would pay ${payoutAddress() ?? 'nobody'}, to which the wallet ${boundTo} has not agreed: ${agreed} is paid as before.`,
        { data: { address: boundTo } },
      ),
    );
    settings.update({ payoutAddress: agreed });
  }

  /** Of the gateway's own terms, or while it is away of the channel that it last had. */
  function chain(): ChainAccess | null {
    const gateway = parts.gateway();
    const terms = gateway?.info.settlement;
    const last = gateway ? undefined : ledger.channels().find(({ genesisHash }) => genesisHash !== null);
    const cluster = terms?.cluster ?? clusterSchema.safeParse(last?.network).data;
    const genesisHash = terms?.genesis_hash ?? last?.genesisHash;
    if (!cluster || !genesisHash) return null;
    const key = JSON.stringify([cluster, genesisHash, current().solanaRpcUrls]);
    if (access?.key !== key) {
      const urls = current().solanaRpcUrls;
      access = { key, chain: createChainAccess({ cluster, genesisHash, urls, clock }) };
    }
    return access.chain;
  }

  /** Of the gateway's present terms; while it is away of when the channel was opened. */
  function treasuryOf({ gatewayUrl, treasury }: KnownChannel): string | null {
    const gateway = parts.gateway();
    return (gateway?.url === gatewayUrl && gateway.info.settlement?.treasury) || treasury;
  }

  const credit = createCreditBook({ ledger, settings, gateway: parts.gateway });
  const claims = createClaims({
    ledger,
    clock,
    payoutAddress,
    treasuryOf,
    chain() {
      const found = chain();
      if (!found) throw new AppError('settlement/not-found', 'This gateway pays in test credits.');
      return found;
    },
    askGateway() {
      const gateway = parts.gateway();
      if (!gateway) throw new AppError('link/unreachable', 'The node does not work for a gateway now.');
      return gateway.calls.claim();
    },
  });

  const readSums = () => {
    const { network, asset } = shownMoney(parts.gateway(), current(), ledger);
    return ledger.moneySums(network, asset);
  };
  const readLatest = () => {
    const all = ledger.payments.newest(mostShown);
    const known = new Set(all.map(({ id }) => id));
    const older = ledger.payments.underWay().filter(({ id, state }) => !known.has(id) && state !== 'expired');
    return [...all, ...older.reverse()].map((payment) => paymentText(payment, ledger));
  };
  const readStatus = (): WalletStatus => {
    const found = chain();
    const state = found?.state();
    const paid = payoutAddress();
    return {
      payoutAddress: paid,
      delegation: binding.status(),
      boundTo: binding.bound(),
      chain:
        found && state
          ? {
              cluster: found.cluster,
              endpoint: state.endpoint,
              isRightCluster: state.isRightCluster,
              problem: state.problem ? errorBody(state.problem) : null,
            }
          : null,
      receiptProblem: receiptProblem && errorBody(receiptProblem),
      balances: balancesOf === `${paid} ${found?.genesisHash}` ? balances : null,
    };
  };
  const status = createSignal(readStatus());
  const sums = createSignal(readSums());
  const latest = createSignal(readLatest());

  function changed(): void {
    const next = readStatus();
    if (JSON.stringify(next) !== JSON.stringify(status.get())) status.set(next);
  }

  function putIfNew<T>(target: { get(): T; set(value: T): void }, next: T): void {
    if (JSON.stringify(next) !== JSON.stringify(target.get())) target.set(next);
  }

  let isDue = false;
  ledger.changes.subscribe(() => {
    credit.changed();
    if (isDue) return;
    isDue = true;
    clock
      .sleep(quietMs, signal)
      .then(() => {
        isDue = false;
        putIfNew(sums, readSums());
        putIfNew(latest, readLatest());
      })
      .catch((thrown: unknown) => {
        if (!signal.aborted) parts.onFault(thrown);
      });
  });
  settings.current.subscribe(() => {
    credit.changed();
    changed();
  });

  async function look(): Promise<void> {
    const found = await usedChain();
    if (!found) return;
    const gateway = parts.gateway();
    const isPlain = gateway !== null && !gateway.info.settlement;
    const payout = payoutAddress();
    try {
      await checkTerms(found, gateway);
      await reconcile({
        ledger,
        chain: found,
        treasuryOf,
        hints: gateway?.info.settlement ? () => gateway.calls.settlements() : null,
        plain:
          isPlain && payout !== null ? { gatewayUrl: gateway.url, payout, pricing: parts.pricing() } : null,
      });
    } catch (thrown) {
      const error = toAppError(thrown);
      if (!error.code.startsWith('chain/')) parts.onFault(thrown);
    }
    changed();
  }

  /** A token that cannot be paid with ends the work for its gateway; a chain that is away does not. */
  async function checkTerms(found: ChainAccess, gateway: WorkingGateway | null): Promise<void> {
    const terms = gateway?.info.settlement;
    if (!terms) return credit.tokenRefused(null);
    try {
      await checkToken(terms, { ledger, chain: found });
      credit.tokenRefused(null);
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.code !== 'settlement/bad-token') throw thrown;
      credit.tokenRefused(error);
    }
  }

  /** Beside a gateway's own chain: of a plain gateway, which names none, the one that the operator has named an endpoint of. */
  async function usedChain(): Promise<ChainAccess | null> {
    const own = chain();
    if (own) return own;
    const gateway = parts.gateway();
    const isPlain = gateway !== null && gateway.info.network === undefined;
    const urls = current().solanaRpcUrls;
    if (!isPlain || urls.length === 0) return null;
    const key = JSON.stringify(['plain', urls]);
    if (access?.key !== key) {
      const { plainCluster } = await import('./plain-cluster.ts');
      const known = await plainCluster(urls[0] ?? '').catch(() => null);
      if (!known) return null;
      access = { key, chain: createChainAccess({ ...known, urls, clock }) };
    }
    return access.chain;
  }

  /** Tells the gateway, once it is there, that the wallet's word was taken back. */
  async function tellEnd(): Promise<void> {
    const gateway = parts.gateway();
    const due = binding.endDue();
    if (!gateway || isTelling || due !== new URL(gateway.url).origin) return;
    isTelling = true;
    try {
      await gateway.calls.endDelegation();
      if (binding.endDue() === due) binding.endTold();
    } finally {
      isTelling = false;
    }
  }

  /** One look at a time; whoever comes meanwhile waits for it. */
  function lookOnce(): Promise<void> {
    looking ??= look().finally(() => {
      looking = null;
    });
    return looking;
  }

  async function refreshBalances(): Promise<void> {
    const found = chain();
    const owner = payoutAddress();
    if (!found || owner === null) return;
    const paid = parts.gateway()?.info.settlement?.mint ?? nativeMint;
    const mint = paid === nativeMint ? usdcMints[found.cluster] : paid;
    const { lamports, tokenAtomic } = await readBalances(found, owner, mint);
    const unit = mint === paid ? ledger.unitOf(mint) : { asset: mint ?? '', decimals: usdcDecimals };
    const token = tokenAtomic === null ? null : { ...unit, amountAtomic: tokenAtomic };
    balances = { lamports, token, at: clock.now() };
    balancesOf = `${owner} ${found.genesisHash}`;
  }

  function pauseMs(): number {
    const isFollowing = ledger.payments
      .underWay()
      .some(({ state }) => state === 'submitted' || state === 'confirmed');
    const isOwed = ledger
      .channels()
      .some(
        ({ genesisHash, voucheredAtomic, settledAtomic }) => genesisHash && voucheredAtomic > settledAtomic,
      );
    return Math.min(isFollowing ? followMs : isOwed ? owedMs : lookMs, parts.mostPauseMs ?? lookMs);
  }

  async function keepLooking(): Promise<void> {
    let balancesAt = Number.NEGATIVE_INFINITY;
    for (;;) {
      if (clock.now() - balancesAt >= balancesMs) {
        balancesAt = clock.now();
        await refreshBalances().catch(() => {});
      }
      await lookOnce();
      hurry = new AbortController();
      await clock.sleep(pauseMs(), AbortSignal.any([signal, hurry.signal])).catch(() => {});
      signal.throwIfAborted();
    }
  }
  keepLooking().catch((thrown: unknown) => {
    if (!signal.aborted) parts.onFault(thrown);
  });

  return {
    binding,
    claims: {
      prepare: claims.prepare,
      async submit(id, transaction) {
        const payment = await claims.submit(id, transaction);
        hurry.abort();
        return payment;
      },
    },
    credit,
    status,
    sums,
    latest,
    payers: () => credit.payers(),
    payments: (limit) => ledger.payments.newest(limit).map((payment) => paymentText(payment, ledger)),
    async refresh() {
      try {
        await refreshBalances();
        await lookOnce();
      } finally {
        changed();
      }
    },
    tellReceiptProblem(problem) {
      const isNews = problem !== null && problem.message !== receiptProblem?.message;
      receiptProblem = problem;
      if (isNews) parts.onFault(problem);
      changed();
    },
    changed() {
      changed();
      tellEnd().catch(() => {});
      // A gateway that has come tells what chain it pays on.
      if (chain() !== null && status.get().balances === null) hurry.abort();
    },
    chain,
    async revoke() {
      binding.revoke();
      changed();
      await tellEnd();
    },
  };
}

function gatewayUrlOf(gateway: WorkingGateway | null, settings: Settings): string {
  if (gateway) return gateway.url;
  if (settings.network.kind === 'gateway') return settings.network.url;
  throw new AppError('link/unreachable', 'The local test network does not run: start earning first.');
}
