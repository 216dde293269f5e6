import { useEffect, useRef, useState } from 'react';
import type { ProviderTotals } from '#contract/earnings.ts';
import { client } from '../../lib/client.ts';
import { useSignal } from '../../lib/use-signal.ts';

/** Sums over the whole ledger are not asked for with each entry. */
const pauseMs = 5000;

/** What each provider cost and brought, read anew some seconds after entries came; null until it is known. */
export function useProviderTotals(): readonly ProviderTotals[] | null {
  const [totals, setTotals] = useState<ProviderTotals[] | null>(null);
  const changes = useRef(0);
  changes.current = useSignal('earnings.changed')?.changes ?? 0;

  useEffect(() => {
    let wanted = true;
    let readAt = -1;
    const read = async () => {
      if (readAt === changes.current) return;
      readAt = changes.current;
      const answer = await client.request('earnings.providers', {});
      if (wanted && answer.ok) setTotals(answer.data);
    };
    void read();
    const timer = setInterval(read, pauseMs);
    return () => {
      wanted = false;
      clearInterval(timer);
    };
  }, []);
  return totals;
}
