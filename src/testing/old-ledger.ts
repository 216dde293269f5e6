import { openDatabase } from '#node/ledger/database.ts';
import { entries } from '#node/ledger/migrations/001-entries.ts';
import { spend } from '#node/ledger/migrations/002-spend.ts';
import { trained } from '#node/ledger/migrations/003-trained.ts';

/** A ledger of version 3 with a year's entries: of three models, of training and of two providers, answered or not, with receipts or without. */
export function writeOldLedger(file: string, count: number, now = Date.now()): void {
  const database = openDatabase(file, [entries, spend, trained]);
  const yearMs = 365 * 86_400_000;
  database.exec(`BEGIN;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${count})
  INSERT INTO entries SELECT i + 1, ${now - yearMs} + i * ${yearMs} / ${count}, 'req-' || i, 'http://127.0.0.1:8200', 'localnet',
    CASE WHEN i % 200 = 7 THEN 'digits' WHEN i % 10 = 3 THEN 'gpt-4o-mini' ELSE 'model-' || i % 3 END, 'payer-' || i % 20, 120, 180,
    20000 + i % 977, (20000 + i % 977) / 20, 900, iif(i % 13 = 5, NULL, i + 1), iif(i % 13 = 5, NULL, '{"receipt":"${'r'.repeat(800)}"}') FROM n;
INSERT INTO trained SELECT id, 'round-' || id, 'digits' FROM entries WHERE model = 'digits';
INSERT INTO proxied SELECT id, iif(id % 20 = 4, 'openai/gpt-4o-mini', 'anthropic/claude'), 3000000, 500, 150000000,
    price_lamports - price_lamports / 20, price_lamports / 20, 0, id % 50 = 4 FROM entries WHERE model = 'gpt-4o-mini';
INSERT INTO spend SELECT NULL, 'key-' || entry_id, ${now}, 'req', substr(target, 1, instr(target, '/') - 1), 'm', 14, 0, 0, 8, 0,
    cost_pico_usd, 0 FROM proxied WHERE is_cache_hit = 0;
INSERT INTO verdicts SELECT id, at, iif(id % 100 = 0, 'disputed', 'agreed'), NULL, price_lamports - fee_lamports FROM entries
    WHERE seq IS NOT NULL AND id <= ${count} - 500;
COMMIT;`);
  database.close();
}
