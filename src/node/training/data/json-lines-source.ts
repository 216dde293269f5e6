import type { DataSource } from '#contract/training-data.ts';
import { mostFieldBytes } from './csv.ts';
import { whyNoNumber } from './parse-number.ts';
import { scanLine } from './record-stream.ts';
import type { RowReader } from './row-source.ts';

export type JsonLinesSource = Extract<DataSource, { kind: 'json-lines' }>;

/** Reads a file with a JSON object on each line. */
export function createJsonLinesReader(source: JsonLinesSource): RowReader & { features(): unknown[] | null } {
  let object: Record<string, unknown> = {};
  const word = (value: unknown) =>
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : null;

  const features = () => {
    const found = object[source.features];
    return Array.isArray(found) ? (found as unknown[]) : null;
  };

  return {
    scan: scanLine,
    from: 0,
    layout: null,
    load(bytes, from, to, row, problems) {
      let line = bytes.toString('utf8', from, to).trim();
      if (line.charCodeAt(0) === 0xfeff) line = line.slice(1);
      if (line === '') return 'empty';
      try {
        const parsed: unknown = JSON.parse(line);
        if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
          throw new Error('no object');
        object = parsed as Record<string, unknown>;
      } catch {
        problems.add('malformed', { row, value: line });
        return 'broken';
      }
      const text = object[source.text];
      if (typeof text !== 'string' || Buffer.byteLength(text) <= mostFieldBytes) return 'row';
      problems.add('field-too-large', { row, column: source.text });
      return 'broken';
    },
    label: () => word(object[source.label]),
    text: () => word(object[source.text]),
    cells: () =>
      Object.entries(object).map(
        ([name, value]) => `${name}: ${word(value) ?? JSON.stringify(value).slice(0, 200)}`,
      ),
    features,
    numbers(into, row, problems) {
      const found = features();
      if (!found) {
        problems.add('missing-value', { row, column: source.features });
        return false;
      }
      if (found.length !== into.length) {
        problems.add('columns', { row, value: `${found.length} ≠ ${into.length}` });
        return false;
      }
      for (const [index, value] of found.entries()) {
        if (typeof value !== 'number' || !Number.isFinite(value)) {
          const why =
            value === null
              ? 'missing-value'
              : typeof value === 'number'
                ? 'not-finite'
                : typeof value === 'string'
                  ? whyNoNumber(value)
                  : 'not-a-number';
          problems.add(why, { row, column: `${source.features}[${index}]`, value: String(value) });
          return false;
        }
        into[index] = value;
      }
      return true;
    },
  };
}
