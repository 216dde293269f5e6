import { useEffect, useState } from 'react';
import type { CallOutput } from '#contract/calls.ts';
import { client } from './client.ts';

export type AppInfo = CallOutput<'app.info'>;

/** What never changes while the host runs; null until it has answered. */
export function useAppInfo(): AppInfo | null {
  const [info, setInfo] = useState<AppInfo | null>(null);
  useEffect(() => {
    void client.request('app.info', {}).then((result) => result.ok && setInfo(result.data));
  }, []);
  return info;
}
