import { useEffect, useState } from 'react';
import type { EnergyDay } from '#contract/resources.ts';
import { client } from '../../lib/client.ts';
import { dollarRate, type FiatRate, fiatRate } from '../../lib/fiat.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { energyReader } from './electricity.ts';

/** The price that SOL is shown by, and the one that dollars are converted with; null where earnings are in something else, as test credits, which are no money. */
export function useFiat(isOther: boolean): { rate: FiatRate | null; dollars: FiatRate | null } {
  const fiat = useSignal('settings.current')?.fiat ?? null;
  const solPrice = useSignal('proxy.status')?.solPrice ?? null;
  if (isOther) return { rate: null, dollars: null };
  return { rate: fiatRate(fiat, solPrice), dollars: dollarRate(fiat, solPrice) };
}

const refreshMs = 60_000;

/** Electricity by local day, all that there is; null where it is not known. */
export function useEnergyDays(): readonly EnergyDay[] | null {
  const [days, setDays] = useState<readonly EnergyDay[] | null>(null);
  useEffect(() => {
    let wanted = true;
    const readDays = energyReader((count) => client.request('resources.energy', { days: count }));
    const read = async () => {
      const found = await readDays();
      if (wanted) setDays(found);
    };
    void read();
    const timer = setInterval(read, refreshMs);
    return () => {
      wanted = false;
      clearInterval(timer);
    };
  }, []);
  return days;
}
