import type { Gpu } from '#contract/resources.ts';

/** Other programs by name, the largest first; several processes of one name are told as one. Null: the driver does not tell its size. */
export function otherPrograms(
  processes: NonNullable<Gpu['processes']>,
): { name: string; usedBytes: number | null }[] {
  const byName = new Map<string, number | null>();
  for (const { name, usedBytes, isOurs } of processes) {
    if (isOurs) continue;
    const known = byName.get(name) ?? null;
    byName.set(name, usedBytes === null ? known : (known ?? 0) + usedBytes);
  }
  return [...byName]
    .map(([name, usedBytes]) => ({ name, usedBytes }))
    .sort((a, b) => (b.usedBytes ?? -1) - (a.usedBytes ?? -1));
}
