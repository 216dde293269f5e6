import { microUsdPerBillion } from '#contract/assets.ts';
import { AppError } from '#contract/errors.ts';
import type { SolPriceSource } from '#contract/provider.ts';
import type { Clock } from '../clock.ts';
import { createSignal, type Signal } from '../signal.ts';

/** A price from a source that is older than this sells nothing. */
export const staleMs = 15 * 60_000;
const everyMs = 60_000;
const mostAnswerBytes = 1_000_000;

/** Micro-dollars for a SOL, and when they were learnt, in Unix milliseconds. */
export interface SolPrice {
  microUsd: number;
  at: number;
  isFixed: boolean;
}

export const isStale = (price: SolPrice, nowMs: number): boolean =>
  !price.isFixed && Math.abs(nowMs - price.at) > staleMs;

/** Of 10⁹ smallest units of what a gateway pays with; null where nobody knows it. */
export function priceOfPay(asset: string, sol: SolPrice | null, nowMs: number): SolPrice | null {
  if (asset === 'SOL') return sol;
  const microUsd = microUsdPerBillion(asset, null);
  return microUsd === null ? null : { microUsd, at: nowMs, isFixed: true };
}

/** Why nothing can be sold by this price of an asset; null: it can. */
export function priceObstacle(asset: string, price: SolPrice | null, nowMs: number): AppError | null {
  const what = asset === 'SOL' ? 'a SOL' : asset;
  if (!price)
    return new AppError('proxy/price-stale', `The price of ${what} is not known: nothing can be sold.`);
  if (!isStale(price, nowMs)) return null;
  const minutes = Math.round((nowMs - price.at) / 60_000);
  return new AppError(
    'proxy/price-stale',
    `The price of ${what} is ${minutes} minutes old: nothing is sold until there is a new one.`,
  );
}

/** The price of a SOL as the operator set it, or as his source tells it once a minute. */
export function watchSolPrice(options: { clock: Clock; signal: AbortSignal }): {
  current: Signal<SolPrice | null>;
  /** From where it comes from now on; the old price is forgotten. */
  follow(source: SolPriceSource | null): void;
} {
  const { clock } = options;
  const current = createSignal<SolPrice | null>(null);
  let following = new AbortController();

  async function poll(source: Extract<SolPriceSource, { kind: 'url' }>, signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        const microUsd = await askPrice(source, signal);
        current.set({ microUsd, at: clock.now(), isFixed: false });
      } catch {
        // The old price stays until it is stale; its age is shown.
      }
      await clock.sleep(everyMs, signal);
    }
  }

  return {
    current,
    follow(source) {
      following.abort();
      following = new AbortController();
      current.set(
        source?.kind === 'fixed' ? { microUsd: source.microUsd, at: clock.now(), isFixed: true } : null,
      );
      if (source?.kind === 'url')
        poll(source, AbortSignal.any([following.signal, options.signal])).catch(() => {});
    },
  };
}

async function askPrice(
  source: Extract<SolPriceSource, { kind: 'url' }>,
  signal: AbortSignal,
): Promise<number> {
  const response = await fetch(source.url, {
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
  });
  const text = await response.text();
  if (!response.ok || text.length > mostAnswerBytes) throw new Error('no price');
  return readPrice(JSON.parse(text), source.path);
}

/** Reads dollars at a path like `data.amount`, as a number or in a string, to micro-dollars. Throws where there is no price. */
export function readPrice(document: unknown, path: string): number {
  const value = path
    .split('.')
    .filter((name) => name !== '')
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | null | undefined)?.[name], document);
  const microUsd = Math.round(
    Number(typeof value === 'string' || typeof value === 'number' ? value : Number.NaN) * 1e6,
  );
  if (Number.isSafeInteger(microUsd) && microUsd > 0 && microUsd <= 1e12) return microUsd;
  throw new AppError('proxy/price-stale', `There is no price of a SOL at “${path}”.`);
}
