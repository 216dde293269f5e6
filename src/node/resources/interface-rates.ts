import { figure } from './figure.ts';

/** Of 100 Gbit/s and a little more: what a counter that begins anew would make of a difference is above it. */
const mostBytesPerSecond = 15e9;
const mostCount = Number.MAX_SAFE_INTEGER;

export interface InterfaceCount {
  name: string;
  receivedBytes: number;
  sentBytes: number;
}

/** The name of the default route's interface in /proc/net/route, the one of the least metric. */
export function defaultInterface(routes: string | null): string | null {
  const rows = (routes ?? '').split('\n').flatMap((line) => {
    const [name = '', destination, , flags = '', , , metric, mask] = line.trim().split(/\s+/);
    const isUp = (Number.parseInt(flags, 16) & 1) === 1;
    return destination === '00000000' && mask === '00000000' && isUp
      ? [{ name, metric: Number(metric) || 0 }]
      : [];
  });
  return rows.sort((one, other) => one.metric - other.metric)[0]?.name ?? null;
}

/** The same in /proc/net/ipv6_route. */
export function defaultInterface6(routes: string | null): string | null {
  for (const line of (routes ?? '').split('\n')) {
    const cells = line.trim().split(/\s+/);
    const name = cells[9];
    if (/^0{32}$/.test(cells[0] ?? '') && cells[1] === '00' && name && name !== 'lo') return name;
  }
  return null;
}

/** An interface's counters in /proc/net/dev. */
export function parseNetDev(text: string | null, name: string): InterfaceCount | null {
  const line = (text ?? '').split('\n').find((row) => row.trim().startsWith(`${name}:`));
  const cells = line
    ?.slice(line.indexOf(':') + 1)
    .trim()
    .split(/\s+/);
  return count(name, cells?.[0], cells?.[8]);
}

/** The default route's interface in what `route -n get default` prints on macOS. */
export const parseRouteGet = (text: string): string | null =>
  /^\s*interface:\s*(\S+)\s*$/m.exec(text)?.[1] ?? null;

/** An interface's counters in what `netstat -ibn` prints on macOS: its first row is the link itself. */
export function parseNetstat(text: string, name: string): InterfaceCount | null {
  const [heading = '', ...lines] = text.split('\n');
  const columns = heading.trim().split(/\s+/);
  const row = lines
    .map((line) => line.trim().split(/\s+/))
    .find((cells) => cells[0] === name && /^<Link/.test(cells[2] ?? ''));
  if (!row) return null;
  // A link without an address has one cell less: counted from the end they are the same.
  const at = (column: string) => row[row.length - columns.length + columns.indexOf(column)];
  return columns.includes('Ibytes') && columns.includes('Obytes')
    ? count(name, at('Ibytes'), at('Obytes'))
    : null;
}

function count(name: string, received: string | undefined, sent: string | undefined): InterfaceCount | null {
  const [receivedBytes, sentBytes] = [figure(received, 0, mostCount), figure(sent, 0, mostCount)];
  return receivedBytes === null || sentBytes === null ? null : { name, receivedBytes, sentBytes };
}

/** Bytes a second between two counts of the same interface; unknown where a counter began anew. */
export function ratesBetween(before: InterfaceCount | null, now: InterfaceCount | null, ms: number) {
  const rate = (from: number, to: number): number | null => {
    const perSecond = ((to - from) * 1000) / ms;
    return perSecond >= 0 && perSecond <= mostBytesPerSecond ? Math.round(perSecond) : null;
  };
  if (!before || !now || ms <= 0 || before.name !== now.name)
    return { receivedBytesPerSecond: null, sentBytesPerSecond: null };
  return {
    receivedBytesPerSecond: rate(before.receivedBytes, now.receivedBytes),
    sentBytesPerSecond: rate(before.sentBytes, now.sentBytes),
  };
}
