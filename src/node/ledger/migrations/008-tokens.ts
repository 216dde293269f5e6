/** As `moneyKey` writes it: a network, or `network/mint`. */
const assetIn = `iif(instr(network, '/') = 0, 'SOL', substr(network, instr(network, '/') + 1))`;

/** Decimals of tokens and the program that has their mint, as the chain says; and of what asset an entry, a kind or a payer is. */
export const tokens = `
CREATE TABLE tokens (
  mint TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  decimals INTEGER NOT NULL CHECK (decimals BETWEEN 0 AND 18),
  program TEXT NOT NULL
) STRICT;
CREATE TRIGGER tokens_stay BEFORE UPDATE ON tokens BEGIN SELECT RAISE(ABORT, 'tokens are append-only'); END;
CREATE TRIGGER tokens_remain BEFORE DELETE ON tokens BEGIN SELECT RAISE(ABORT, 'tokens are append-only'); END;
${['entries', 'kinds', 'payers']
  .map((table) => `ALTER TABLE ${table} ADD COLUMN asset TEXT GENERATED ALWAYS AS (${assetIn}) VIRTUAL;`)
  .join('\n')}
`;
