/** A count of parameters as people name models: 1.2 B, 134 M, 900 k; a dash where it is not known. */
export function formatParameters(parameters: number | null): string {
  if (parameters === null) return '–';
  for (const [unit, size] of [
    ['B', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const) {
    if (parameters >= size)
      return `${Number((parameters / size).toPrecision(parameters / size >= 100 ? 3 : 2))} ${unit}`;
  }
  return String(parameters);
}
