import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { assetOf, decimalText } from '#contract/assets.ts';
import type { Notice } from '#contract/notice.ts';
import type { Settings } from '#contract/settings.ts';
import type { Clock } from './clock.ts';
import type { Ledger } from './ledger/ledger.ts';
import { createSignal, type Signal } from './signal.ts';
import { storeDocument } from './stored-document.ts';

/** What has been told; payments by their id and state, the newest last. */
const toldSchema = z.strictObject({
  firstEarning: z.boolean(),
  disputes: z.int().min(0),
  payments: z.array(z.string().max(200)).max(2000),
});
type Told = z.infer<typeof toldSchema>;

const pauseMs = 1000;
const mostShown = 20;
const paymentsRead = 100;
const mostKept = 2000;

type Wishes = Pick<Settings, 'notifyFirstEarning' | 'notifyPayout' | 'notifyDispute'>;

/** What the ledger says that the operator may want to be told of. */
interface Facts {
  earned: { amount: string; unit: string } | null;
  disputes: number;
  payments: { id: string; state: 'finalized' | 'disputed'; amount: string; unit: string }[];
}

/** What is new since `told`, of what is wished for; what is not wished for counts as told. Pure. */
export function newNotices(
  told: Told,
  facts: Facts,
  wishes: Wishes,
  at: number,
): { notices: Notice[]; told: Told } {
  const notices: Notice[] = [];
  const put = (isWished: boolean, notice: Omit<Notice, 'at'>) => {
    if (isWished) notices.push({ ...notice, at });
  };
  if (facts.earned && !told.firstEarning)
    put(wishes.notifyFirstEarning, { id: 'first-earning', kind: 'firstEarning', count: 1, ...facts.earned });
  const more = facts.disputes - told.disputes;
  if (more > 0) {
    const id = `disputes-${told.disputes}-${facts.disputes}-${at}`;
    put(wishes.notifyDispute, { id, kind: 'dispute', amount: null, unit: null, count: more });
  }
  const fresh = facts.payments.filter(({ id, state }) => !told.payments.includes(`${state} ${id}`));
  for (const { id, state, amount, unit } of fresh) {
    const isPayout = state === 'finalized';
    put(isPayout ? wishes.notifyPayout : wishes.notifyDispute, {
      id: `${state} ${id}`,
      kind: isPayout ? 'payout' : 'dispute',
      amount,
      unit,
      count: 1,
    });
  }
  return {
    notices,
    told: {
      firstEarning: told.firstEarning || facts.earned !== null,
      disputes: facts.disputes,
      payments: [...told.payments, ...fresh.map(({ id, state }) => `${state} ${id}`)].slice(-mostKept),
    },
  };
}

/** Notices since the host started. What was told is on the disk before it is told, so that nothing is told twice. */
export function createNotices(options: {
  ledger: Ledger;
  file: string;
  settings: Signal<Settings>;
  clock: Clock;
  signal: AbortSignal;
}): Signal<Notice[]> {
  const { ledger, file, settings, clock, signal } = options;
  const notices = createSignal<Notice[]>([]);
  const nothing: Told = { firstEarning: false, disputes: 0, payments: [] };
  const stored = readTold(file);
  // Where nothing was ever told, what is in the ledger already is no news.
  let told = stored ?? (ledger.totals().jobs === 0 ? nothing : after(nothing));

  function after(before: Told): Told {
    return newNotices(before, factsOf(ledger), settings.get(), clock.now()).told;
  }

  function look(): void {
    const result = newNotices(told, factsOf(ledger), settings.get(), clock.now());
    if (JSON.stringify(result.told) === JSON.stringify(told)) return;
    storeDocument(file, toldSchema, result.told);
    told = result.told;
    if (result.notices.length > 0) notices.set([...notices.get(), ...result.notices].slice(-mostShown));
  }

  let isDue = false;
  ledger.changes.subscribe(() => {
    if (isDue) return;
    isDue = true;
    clock.sleep(pauseMs, signal).then(
      () => {
        isDue = false;
        look();
      },
      () => {},
    );
  });
  return notices;
}

function readTold(file: string): Told | null {
  try {
    return toldSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

function factsOf(ledger: Ledger): Facts {
  const newest = ledger.entries({ limit: 1 }).entries[0];
  const { netLamports } = ledger.totals(0, newest?.asset, newest?.network);
  return {
    earned:
      newest && netLamports > 0n
        ? {
            amount: decimalOf(netLamports, newest.decimals),
            unit: newest.network === 'test-credits' ? 'test-credits' : newest.asset,
          }
        : null,
    disputes: ledger.entries({ limit: 1, filter: { state: 'disputed' } }).total,
    payments: ledger.payments.newest(paymentsRead).flatMap(({ id, state, amountAtomic, mint }) =>
      state === 'finalized' || state === 'disputed'
        ? [
            {
              id,
              state,
              amount: decimalOf(amountAtomic, ledger.unitOf(assetOf(mint)).decimals),
              unit: assetOf(mint),
            },
          ]
        : [],
    ),
  };
}

/** As a decimal number in groups of three after the point, without zeros at its end; as it is where its digits are not known. */
function decimalOf(amount: bigint, decimals: number | null): string {
  const [whole = '', fraction] = decimalText(amount, decimals ?? 0).split('.');
  return fraction === undefined ? whole : `${whole}.${fraction.replace(/(\d{3})(?=\d)/g, '$1 ')}`;
}
