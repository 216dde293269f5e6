import type { Entry } from '#contract/earnings.ts';

const columns = [
  'id',
  'at',
  'requestId',
  'model',
  'payer',
  'gatewayUrl',
  'network',
  'promptTokens',
  'generatedTokens',
  'priceLamports',
  'feeLamports',
  'netLamports',
  'state',
  'disputeReason',
  'durationMs',
] as const satisfies readonly (keyof Entry)[];
const proxiedColumns = ['target', 'costMicroUsd', 'costLamports', 'commissionLamports'] as const;

/** RFC 4180; times as ISO 8601. A cell that a spreadsheet would run as a formula is made text. */
export function entriesCsv(entries: Entry[]): string {
  const lines = entries.map((entry) =>
    [
      ...columns.map((name) => (name === 'at' ? new Date(entry.at).toISOString() : entry[name])),
      ...proxiedColumns.map((name) => entry.proxied?.[name] ?? null),
    ]
      .map(cell)
      .join(','),
  );
  return `${[[...columns, ...proxiedColumns].join(','), ...lines].join('\r\n')}\r\n`;
}

function cell(value: string | number | null): string {
  const text =
    value === null ? '' : typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : `${value}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
