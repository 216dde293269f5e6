import type { Database } from 'better-sqlite3';
import { solUnit, type Unit } from '#contract/assets.ts';
import type { Clock } from '../clock.ts';

/** A token as its mint on the chain has it. */
export interface Token {
  mint: string;
  decimals: number;
  /** base58; which of the token programs has it. */
  program: string;
}

/** Tokens that the chain was asked about; kept in memory. */
export function openTokenBook(database: Database, { clock }: { clock: Clock }) {
  const insert = database.prepare('INSERT INTO tokens VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING');
  const rows = database.prepare('SELECT mint, decimals, program FROM tokens').all() as {
    mint: string;
    decimals: bigint;
    program: string;
  }[];
  const known = new Map(
    rows.map((row): [string, Token] => [row.mint, { ...row, decimals: Number(row.decimals) }]),
  );
  return {
    token: (mint: string): Token | null => known.get(mint) ?? null,
    /** Takes a token down; false where it is known. */
    addToken(token: Token): boolean {
      if (known.has(token.mint)) return false;
      insert.run(token.mint, clock.now(), token.decimals, token.program);
      known.set(token.mint, token);
      return true;
    },
    /** What an amount of it is counted in. */
    unitOf: (asset: string): Unit =>
      asset === 'SOL' ? solUnit : { asset, decimals: known.get(asset)?.decimals ?? null },
  };
}

export type TokenBook = ReturnType<typeof openTokenBook>;
