import type { Clock } from '../clock.ts';
import {
  defaultInterface,
  defaultInterface6,
  type InterfaceCount,
  parseNetDev,
  parseNetstat,
  parseRouteGet,
  ratesBetween,
} from './interface-rates.ts';
import type { Machine } from './machine.ts';
import { known, paced } from './paced.ts';
import type { WindowsWord } from './windows-watch.ts';

const routeEveryMs = 10_000;
const netstatEveryMs = 10_000;

export interface NetworkProbe {
  /** Of the default route; null where there is none. */
  interfaceName(): string | null;
  rates(): ReturnType<typeof ratesBetween>;
}

/** What goes over the default interface, by whichever counters the system has. */
export function createNetworkProbe(parts: {
  machine: Machine;
  clock: Clock;
  windows(): WindowsWord | null;
}): NetworkProbe {
  const { machine, clock } = parts;
  let last: { count: InterfaceCount; at: number } | null = null;
  let rates = ratesBetween(null, null, 0);

  const routed = paced<string | null>({
    clock,
    everyMs: routeEveryMs,
    unknown: null,
    async read() {
      if (machine.platform === 'darwin')
        return known(parseRouteGet(await machine.run('route', ['-n', 'get', 'default'], 3000)));
      return known(
        defaultInterface(machine.text('/proc/net/route')) ??
          defaultInterface6(machine.text('/proc/net/ipv6_route')),
      );
    },
    isWanted: () => machine.platform !== 'win32',
  });
  const netstat = paced<InterfaceCount | null>({
    clock,
    everyMs: netstatEveryMs,
    unknown: null,
    read: async () => known(parseNetstat(await machine.run('netstat', ['-ibn'], 3000), known(routed()))),
    isWanted: () => machine.platform === 'darwin' && routed() !== null,
  });

  function counted(): InterfaceCount | null {
    if (machine.platform === 'darwin') return netstat();
    if (machine.platform === 'win32') return parts.windows()?.network ?? null;
    const name = routed();
    return name ? parseNetDev(machine.text('/proc/net/dev'), name) : null;
  }

  return {
    interfaceName: routed,
    rates() {
      const count = counted();
      const now = clock.now();
      if (count === null) {
        last = null;
        rates = ratesBetween(null, null, 0);
      } else if (count !== last?.count) {
        // A count that is the same object has not been taken anew: its rate still stands.
        rates = ratesBetween(last?.count ?? null, count, now - (last?.at ?? now));
        last = { count, at: now };
      }
      return rates;
    },
  };
}
