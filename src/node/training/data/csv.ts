/** A field may have this many bytes; more is no value that anybody learns from. */
export const mostFieldBytes = 1 << 20;
/** Label, left-out columns and the most a format has. */
const mostFields = 67_000;

/** Where the fields of one record lie in the bytes that were scanned. */
export interface CsvFields {
  count: number;
  starts: Int32Array;
  ends: Int32Array;
  /** 1: stood in quotes; 2: with doubled quotes within. */
  quoted: Uint8Array;
  broken: 'bad-quotes' | 'field-too-large' | 'columns' | null;
}

export const createCsvFields = (): CsvFields => ({
  count: 0,
  starts: new Int32Array(mostFields),
  ends: new Int32Array(mostFields),
  quoted: new Uint8Array(mostFields),
  broken: null,
});

const quote = 0x22;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * Finds the fields of the record (RFC 4180) that starts at `from` and returns where the next one starts, or −1 where the record goes on
 * past `to`, unless `isLast` says that nothing follows. Quotes that do not close, or not before a delimiter, cost their line alone.
 */
export function scanCsvRecord(
  bytes: Buffer,
  from: number,
  to: number,
  isLast: boolean,
  delimiter: number,
  fields: CsvFields,
): number {
  fields.broken = null;
  const next = scan(bytes, from, to, isLast, delimiter, fields, true);
  if (next !== -2) return next;
  const broken = fields.broken;
  const afterLine = scan(bytes, from, to, isLast, delimiter, fields, false);
  fields.broken = broken;
  return afterLine;
}

/** −2: the quotes are no quotes, `fields.broken` says why. */
function scan(
  bytes: Buffer,
  from: number,
  to: number,
  isLast: boolean,
  delimiter: number,
  fields: CsvFields,
  withQuotes: boolean,
): number {
  let at = from;
  fields.count = 0;
  for (;;) {
    let start = at;
    let end: number;
    let quoted = 0;
    if (withQuotes && at < to && bytes[at] === quote) {
      start += 1;
      quoted = 1;
      for (at = start; ; at += 1) {
        if (at - start > mostFieldBytes) return refuse(fields, 'field-too-large');
        if (at >= to) return isLast ? refuse(fields, 'bad-quotes') : -1;
        if (bytes[at] !== quote) continue;
        if (at + 1 >= to && !isLast) return -1;
        if (at + 1 >= to || bytes[at + 1] !== quote) break;
        quoted = 2;
        at += 1;
      }
      end = at;
      at += 1;
      const after = at < to ? bytes[at] : lineFeed;
      if (after !== delimiter && after !== lineFeed && after !== carriageReturn)
        return refuse(fields, 'bad-quotes');
    } else {
      for (; at < to; at += 1) {
        const byte = bytes[at];
        if (byte === delimiter || byte === lineFeed || byte === carriageReturn) break;
      }
      if (at >= to && !isLast) return -1;
      end = at;
      if (end - start > mostFieldBytes) fields.broken ??= 'field-too-large';
    }
    if (fields.count === mostFields) fields.broken ??= 'columns';
    else {
      fields.starts[fields.count] = start;
      fields.ends[fields.count] = end;
      fields.quoted[fields.count] = quoted;
      fields.count += 1;
    }
    if (at >= to) return to;
    const stop = bytes[at];
    at += 1;
    if (stop === delimiter) continue;
    if (stop === lineFeed) return at;
    if (at >= to) return isLast ? at : -1;
    return bytes[at] === lineFeed ? at + 1 : at;
  }
}

function refuse(fields: CsvFields, why: 'bad-quotes' | 'field-too-large'): -2 {
  fields.broken = why;
  return -2;
}

/** An empty line is no record. */
export const isEmptyLine = ({ count, starts, ends, quoted }: CsvFields) =>
  count === 1 && starts[0] === ends[0] && quoted[0] === 0;

/** What stands in a field, without its quotes. */
export function fieldText(bytes: Buffer, { starts, ends, quoted }: CsvFields, index: number): string {
  const text = bytes.toString('utf8', starts[index], ends[index]);
  return quoted[index] === 2 ? text.replaceAll('""', '"') : text;
}
