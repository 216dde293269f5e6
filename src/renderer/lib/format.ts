/**
 * Lamports as SOL, grouped by three after the point: 0.008 412. At most nine digits, trailing empty groups left out down to
 * `leastGroups`: 3 where sums stand below each other.
 */
export function formatSol(lamports: string | bigint, leastGroups = 2): string {
  const value = BigInt(lamports);
  const sign = value < 0n ? '−' : '';
  const digits = (value < 0n ? -value : value).toString().padStart(10, '0');
  const groups = [digits.slice(-9, -6), digits.slice(-6, -3), digits.slice(-3)];
  while (groups.length > leastGroups && groups.at(-1) === '000') groups.pop();
  return `${sign}${digits.slice(0, -9)}.${groups.join(' ')}`;
}

export const formatTokens = (count: number): string => count.toLocaleString('en');

/** 1.5 GB, 144 MB: decimal units, as disks and models are sold. */
export function formatBytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(bytes >= 1e7 ? 0 : 1)} MB`;
  return `${Math.round(bytes / 1e3)} kB`;
}

export const formatMbps = (value: number): string => `${Number(value.toPrecision(3))} Mbit/s`;

export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export const formatTime = (at: number): string => new Date(at).toLocaleTimeString('en-GB');

/** Hours and minutes, for what is told ahead: 14:20. */
export const formatClock = (at: number): string =>
  new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });

/** 7xKX…gAsU. */
export const shortAddress = (text: string): string =>
  text.length > 16 ? `${text.slice(0, 4)}…${text.slice(-4)}` : text;

/**
 * Micro-dollars as dollars: $1,234.50, $0.075, $0.000 123. Two digits after the point, more where fewer than `significant`
 * figures would be left, six at most.
 */
export function formatMicroUsd(microUsd: number, significant = 4): string {
  const figures = String(Math.trunc(Math.abs(microUsd))).length;
  const step = 10 ** Math.max(0, Math.min(4, figures - significant));
  const rounded = Math.round(Math.abs(microUsd) / step) * step;
  const whole = Math.floor(rounded / 1e6).toLocaleString('en');
  const fraction = String(rounded % 1e6).padStart(6, '0');
  const shown = fraction.slice(0, 2) + fraction.slice(2).replace(/0+$/, '');
  const grouped = shown.length > 3 ? `${shown.slice(0, 3)} ${shown.slice(3)}` : shown;
  return `${microUsd < 0 ? '−' : ''}$${whole}.${grouped}`;
}

/** What is left until a moment: whole seconds in the last minute, then as formatDuration. */
export const formatTimeLeft = (ms: number): string =>
  ms < 60_000 ? `${Math.ceil(Math.max(0, ms) / 1000)} s` : formatDuration(ms);

const moment = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});

/** Day and time, for what may be of another day: 25 Nov 14:05. */
export const formatMoment = (at: number): string => moment.format(at).replace(',', '');
