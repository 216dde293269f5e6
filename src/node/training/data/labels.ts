/** Finds the class of a label as it stands in data: the same text, the same number (1.0 is 1), or the same but for case. −1: none. */
export function createClassOf(labels: readonly string[]): (label: string) => number {
  const exact = new Map(labels.map((label, index) => [label, index]));
  const loose = new Map<string, number>();
  for (const [index, label] of labels.entries()) {
    const key = loosely(label);
    // Two classes that differ only by case are told apart by case alone.
    loose.set(key, loose.has(key) ? -1 : index);
  }
  return (label) => exact.get(label) ?? loose.get(loosely(label)) ?? -1;
}

function loosely(label: string): string {
  const text = label.trim();
  return /^[+-]?\d+(\.\d*)?$/.test(text) ? `#${Number(text)}` : text.toLowerCase();
}
