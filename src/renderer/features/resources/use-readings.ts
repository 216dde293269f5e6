import { useEffect, useState } from 'react';
import type { Resources } from '#contract/resources.ts';
import { client } from '../../lib/client.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { withReadings } from './reading-list.ts';

/** The last minutes from the host, then each new reading. */
export function useReadings(): readonly Resources[] {
  const [readings, setReadings] = useState<readonly Resources[]>([]);
  const current = useSignal('resources.current');
  useEffect(() => {
    let wanted = true;
    client.request('resources.history', {}).then((answer) => {
      if (wanted && answer.ok) setReadings((old) => withReadings(old, answer.data));
    });
    return () => {
      wanted = false;
    };
  }, []);
  useEffect(() => {
    if (current) setReadings((old) => withReadings(old, [current]));
  }, [current]);
  return readings;
}
