import type { Migration } from '../database.ts';

/** Adds rows to the sums. */
const add = (rows: string) => `
  INSERT INTO provider_sums ${rows} ON CONFLICT (money, provider) DO UPDATE SET answers = answers + excluded.answers,
    cost_pico_usd = cost_pico_usd + excluded.cost_pico_usd, cost = cost + excluded.cost, commission = commission + excluded.commission,
    fee = fee + excluded.fee, net = net + excluded.net`;
const answers = (from: string) =>
  `SELECT '', provider, COUNT(*), SUM(cost_pico_usd), 0, 0, 0, 0 ${from} GROUP BY 2`;
const jobs = (where: string) => `
  SELECT e.network, CASE p.is_cache_hit WHEN 1 THEN 'cache' ELSE substr(p.target, 1, instr(p.target, '/') - 1) END, SUM(p.is_cache_hit), 0,
      SUM(p.cost_lamports), SUM(p.commission_lamports), SUM(e.fee_lamports), SUM(e.price_lamports - e.fee_lamports)
    FROM proxied p JOIN entries e ON e.id = p.entry_id WHERE ${where} GROUP BY 1, 2`;

/**
 * Running sums by provider of what its answers cost (`money` is empty: that is in dollars) and of what its jobs brought in each money, the
 * cache's apart, kept in the transaction of what they sum.
 */
export const providerSums: Migration = [
  `
CREATE TABLE provider_sums (
  money TEXT NOT NULL, provider TEXT NOT NULL, answers INTEGER NOT NULL, cost_pico_usd INTEGER NOT NULL, cost INTEGER NOT NULL,
  commission INTEGER NOT NULL, fee INTEGER NOT NULL, net INTEGER NOT NULL,
  PRIMARY KEY (money, provider)
) STRICT, WITHOUT ROWID;
${add(answers('FROM spend WHERE true'))};
`,
  { byEntry: add(jobs('p.entry_id BETWEEN @from AND @to')) },
  `
CREATE TRIGGER spend_summed AFTER INSERT ON spend BEGIN${add(answers('FROM spend WHERE id = NEW.id'))};
END;
CREATE TRIGGER proxied_summed AFTER INSERT ON proxied BEGIN${add(jobs('p.entry_id = NEW.entry_id'))};
END;
`,
];
