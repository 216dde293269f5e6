import { AppError } from '#contract/errors.ts';

/** A name that nothing is served under, with the names that are near. */
export function unknownModel(name: string, known: readonly string[]): AppError {
  const near = nearest(name, known);
  const says = near.length > 0 ? `; did you mean “${near.join('”, “')}”?` : '.';
  return new AppError('inference/unknown-model', `“${name}” is not served here${says}`, {
    data: { field: 'model', near },
  });
}

/** The three names that are the least edits away, none that is mostly different. */
function nearest(name: string, known: readonly string[]): string[] {
  return known
    .map((candidate) => ({ candidate, edits: editDistance(name, candidate) }))
    .filter(({ candidate, edits }) => edits <= Math.max(name.length, candidate.length) / 2)
    .sort((one, other) => one.edits - other.edits)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** Levenshtein's distance; case does not count. */
function editDistance(one: string, other: string): number {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1)
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}
