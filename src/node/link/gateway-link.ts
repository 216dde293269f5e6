import { AppError } from '#contract/errors.ts';
import type { LinkState } from '#contract/node-status.ts';
import { errorBody, toAppError } from '#contract/result.ts';
import {
  coreHardwareMinimum,
  type GatewayInfo,
  type NodeCapabilities,
  type NodeHealth,
} from '#contract/wire/node-capabilities.ts';
import type { NodeAccount } from '#contract/wire/receipt.ts';
import type { Clock } from '../clock.ts';
import type { GatewayWord } from '../ledger/channel-book.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { createSignal, type Signal, type WritableSignal } from '../signal.ts';
import { checkTerms, ownChannel } from '../wallet/own-channel.ts';
import { acceptVoucher } from '../wallet/vouchers.ts';
import { createGatewayCalls, type GatewayCalls } from './gateway-calls.ts';
import type { NodeKey } from './node-key.ts';
import { checkRequirements } from './requirements.ts';

const healthIntervalMs = 30_000;
const firstBackoffMs = 1000;
const mostBackoffMs = 60_000;
const receiptPauseMs = 50;
const relayedPauseMs = 2000;
const receiptBatch = 200;
const leaveLimitMs = 10_000;
/** The gateway is not there just now; the link's state says so. */
const passing = new Set(['link/unreachable', 'gateway/not-registered', 'node/stopped']);

/** Refusals that trying again at once does not change. */
const permanent = new Set([
  'link/rejected',
  'link/hardware-below-minimum',
  'link/clock-skew',
  'wallet/bad-delegation',
  'wallet/invalid-address',
  'chain/wrong-cluster',
]);
/** Where a gateway does not say how soon it settles: a day. */
const usualSettleWindowSeconds = 86_400;

export interface GatewayLink {
  info: Signal<GatewayInfo | null>;
  account: Signal<{ account: NodeAccount; at: number } | null>;
  calls: GatewayCalls;
  /** Resolves when the gateway has taken the node; rejects on a refusal. Keeps trying while it is away. */
  start(): Promise<void>;
  /** Sends the receipts that wait for an answer, soon. */
  flushReceipts(): void;
  reportSoon(): void;
  /** The gateway is being asked to take this node, and looks whether it answers. */
  isRegistering(): boolean;
  /** Registers anew, soon: what the node can do has changed. */
  announce(): void;
  /** Sends what waits, deregisters where that can be done, and ends. */
  stop(): Promise<void>;
}

/** The node's side of the link to one gateway: register, report, send receipts, leave. */
export function createGatewayLink(options: {
  url: string;
  key: NodeKey;
  clock: Clock;
  ledger: Ledger;
  state: WritableSignal<LinkState>;
  capabilities(): NodeCapabilities;
  /** The gateway has taken down what this node can do. */
  onRegistered?(capabilities: NodeCapabilities): void;
  health(): NodeHealth;
  /** The most that the gateway may owe, in the channel's unit; null: without end. */
  creditLimit?(info: GatewayInfo): bigint | null;
  /** Why the gateway was not given the receipts that wait; null: it was. They are offered again with each report. */
  onReceiptProblem?(problem: AppError | null): void;
  /** Each report's answer: until when the gateway wants no work done (Unix ms), and why; null: it does. */
  onPauseAsked?(ask: { until: number; reason: string } | null): void;
}): GatewayLink {
  const { url, clock, ledger, state } = options;
  const calls = createGatewayCalls(url, options.key, () => clock.now());
  const info = createSignal<GatewayInfo | null>(null);
  const account = createSignal<{ account: NodeAccount; at: number } | null>(null);
  const ended = new AbortController();
  let hurry = new AbortController();
  let sending: Promise<void> | null = null;
  let sendAgain = false;
  let isRegistered = false;
  let isRegistering = false;
  /** A report was asked for while one was under way, which may have said otherwise. */
  let isReportDue = false;
  /** What the gateway was told of this node is no longer so. */
  let hasNews = false;
  let payout = '';
  /** Of this registration; undefined until it was asked for, null where there is none. */
  let channel: string | null | undefined;

  const speaks = (extension: string) => info.get()?.extensions.includes(extension) ?? false;

  async function register(): Promise<void> {
    const startedAt = performance.now();
    const found = await calls.info();
    checkTerms(found);
    info.set(found);
    hasNews = false;
    const capabilities = options.capabilities();
    checkRequirements(capabilities.hardware, found.requirements ?? coreHardwareMinimum);
    isRegistering = true;
    try {
      await calls.register(capabilities);
    } catch (thrown) {
      hasNews = true;
      throw thrown;
    } finally {
      isRegistering = false;
    }
    isRegistered = true;
    channel = undefined;
    payout = capabilities.wallet_address;
    options.onRegistered?.(capabilities);
    showRegistered(Math.round(performance.now() - startedAt), clock.now());
    flushReceipts();
  }

  function showRegistered(latencyMs: number, since: number): void {
    const before = state.get();
    state.set({
      state: 'registered',
      url,
      since: before.state === 'registered' ? before.since : since,
      latencyMs,
      extensions: info.get()?.extensions ?? [],
      network: info.get()?.network ?? null,
    });
  }

  /** Runs `attempt` until it works; waits with exponential backoff and full jitter between tries. */
  async function persist(attempt: () => Promise<void>, giveUp: (error: AppError) => boolean): Promise<void> {
    for (let backoffMs = firstBackoffMs; ; backoffMs = Math.min(backoffMs * 2, mostBackoffMs)) {
      try {
        return await attempt();
      } catch (thrown) {
        const error = toAppError(thrown, 'link/bad-answer');
        ended.signal.throwIfAborted();
        if (giveUp(error)) throw error;
        const pauseMs = permanent.has(error.code) ? mostBackoffMs : Math.max(250, Math.random() * backoffMs);
        isRegistered = false;
        state.set({ state: 'away', url, error: errorBody(error), retryAt: clock.now() + pauseMs });
        await clock.sleep(pauseMs, ended.signal);
      }
    }
  }

  async function report(): Promise<number> {
    if (!isRegistered || hasNews) {
      await register();
      return healthIntervalMs;
    }
    const startedAt = performance.now();
    try {
      // A plain gateway takes no reports: it is asked whether it still knows this node.
      const pauseMs = speaks('health-report')
        ? await reportHealth()
        : await calls.self().then(() => healthIntervalMs);
      showRegistered(Math.round(performance.now() - startedAt), clock.now());
      return pauseMs;
    } catch (thrown) {
      if (toAppError(thrown).code !== 'gateway/not-registered') throw thrown;
      await register();
      return healthIntervalMs;
    }
  }

  async function reportHealth(): Promise<number> {
    const { next_report_seconds: nextSeconds, pause } = await calls.health(options.health());
    options.onPauseAsked?.(pause && pause.until > clock.now() ? pause : null);
    return nextSeconds === undefined ? healthIntervalMs : nextSeconds * 1000;
  }

  async function keepReporting(): Promise<void> {
    let pauseMs = healthIntervalMs;
    while (!ended.signal.aborted) {
      hurry = new AbortController();
      const waitMs = hasNews || isReportDue ? 0 : pauseMs;
      await clock.sleep(waitMs, AbortSignal.any([ended.signal, hurry.signal])).catch(() => {});
      if (ended.signal.aborted) return;
      isReportDue = false;
      await persist(
        async () => {
          pauseMs = await report();
        },
        () => false,
      );
      flushReceipts();
    }
  }

  function flushReceipts(): void {
    if (!speaks('receipts')) return;
    if (sending) sendAgain = true;
    else sending = keepSending();
  }

  async function keepSending(): Promise<void> {
    try {
      let pauseMs = receiptPauseMs;
      do {
        await clock.sleep(pauseMs, ended.signal);
        sendAgain = false;
        // What is left is still being relayed.
        pauseMs = (await sendReceipts()) ? receiptPauseMs : relayedPauseMs;
      } while (sendAgain || pauseMs === relayedPauseMs);
    } catch (thrown) {
      // The next report or booking sends them again; nothing is lost meanwhile.
      const error = toAppError(thrown, 'link/bad-answer');
      if (!ended.signal.aborted && !passing.has(error.code)) options.onReceiptProblem?.(error);
    } finally {
      sending = null;
    }
  }

  /** The channel that receipts are put in, with the voucher that may have been missed. */
  async function findChannel(): Promise<string | null> {
    const found = info.get();
    if (channel !== undefined || !found || !speaks('vouchers')) return channel ?? null;
    const told = await calls.channel().catch((thrown: unknown) => {
      // A gateway that knows no wallet of this node has no channel for it.
      if (toAppError(thrown).code === 'settlement/not-found') return null;
      throw thrown;
    });
    if (!told) {
      channel = null;
      return null;
    }
    const own = ownChannel(told, { url, info: found, payout });
    ledger.openChannel(own);
    channel = own.channel;
    if (told.latest) ledger.takeAnswer(url, { verdicts: [], channel, voucher: told.latest, judge });
    return channel;
  }

  const judge: GatewayWord['judge'] = (known, voucher) => {
    const found = info.get();
    return acceptVoucher(known, voucher, {
      signer: known.gatewayKey,
      nowSeconds: Math.floor(clock.now() / 1000),
      settleWindowSeconds: found?.settlement?.settle_window_seconds ?? usualSettleWindowSeconds,
      limitAtomic: found ? (options.creditLimit?.(found) ?? null) : null,
    });
  };

  /** Resolves with whether every receipt has been answered. */
  async function sendReceipts(): Promise<boolean> {
    let isAll = true;
    while (isAll) {
      const receipts = ledger.unanswered(url, receiptBatch);
      if (receipts.length === 0) break;
      // A receipt that is out must never be forgotten: its number would be used twice.
      await ledger.synced();
      const known = await findChannel();
      const { results: verdicts, voucher } = await calls.handIn(receipts);
      ledger.takeAnswer(url, { verdicts, channel: known, voucher, judge });
      isAll = verdicts.length === receipts.length;
    }
    account.set({ account: await calls.account(), at: clock.now() });
    options.onReceiptProblem?.(null);
    return isAll;
  }

  return {
    info,
    account,
    calls,
    flushReceipts,
    reportSoon() {
      isReportDue = true;
      hurry.abort();
    },
    isRegistering: () => isRegistering,
    announce() {
      hasNews = true;
      hurry.abort();
    },
    async start() {
      state.set({ state: 'connecting', url });
      await persist(register, (error) => permanent.has(error.code));
      keepReporting().catch((thrown: unknown) => {
        if (!ended.signal.aborted) throw thrown;
      });
    },
    async stop() {
      ended.abort(new AppError('node/stopped', 'The node was stopped.'));
      const left = new AbortController();
      if (isRegistered) await Promise.race([leave(), clock.sleep(leaveLimitMs, left.signal)]);
      left.abort();
      isRegistered = false;
      state.set({ state: 'off' });
    },
  };

  async function leave(): Promise<void> {
    await sending;
    if (speaks('receipts')) await sendReceipts().catch(() => {});
    if (speaks('deregister')) await calls.deregister().catch(() => {});
  }
}
