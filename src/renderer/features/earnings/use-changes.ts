import { useEffect, useRef, useState } from 'react';
import { useSignal } from '../../lib/use-signal.ts';

/** A number that is another one when entries came or changed, at most once in `pauseMs`. */
export function useChanges(pauseMs: number): number {
  const latest = useRef(0);
  latest.current = useSignal('earnings.changed')?.changes ?? 0;
  const [shown, setShown] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setShown(latest.current), pauseMs);
    return () => clearInterval(timer);
  }, [pauseMs]);
  return shown;
}
