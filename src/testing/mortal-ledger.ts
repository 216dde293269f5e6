import type { Ledger } from '#node/ledger/ledger.ts';

const writes = new Set([
  'append',
  'appendVerdict',
  'takeAnswer',
  'openChannel',
  'add',
  'enter',
  'finalize',
  'addClaim',
  'setCursor',
]);

/**
 * Books of a process that dies just before or just after one of its commits, or one of those named `only`; from then on nothing is
 * read or written.
 */
export function mortalLedger(
  ledger: Ledger,
  death: { afterWrites: number; isBefore: boolean; at: string | null; only?: string | undefined },
): Ledger {
  let left = death.afterWrites;
  const die = (name: string): never => {
    death.at ??= `${death.isBefore ? 'before' : 'after'} ${name}`;
    throw new Error(`died ${death.at}`);
  };
  const mortal = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(_, name: string) {
        const value = Reflect.get(target, name);
        if (name === 'payments') return mortal(value as object);
        if (typeof value !== 'function') return value;
        return (...parameters: unknown[]) => {
          if (death.at !== null) die(name);
          if (!writes.has(name) || (death.only ?? name) !== name) return value.apply(target, parameters);
          left -= 1;
          if (left < 0 && death.isBefore) die(name);
          const result = value.apply(target, parameters);
          if (left < 0) die(name);
          return result;
        };
      },
    });
  return mortal(ledger);
}
