/** Adds rows of energy to their local days, as the clock was set when they were written. */
const add = (rows: string) => `
  INSERT INTO energy_days SELECT strftime('%Y-%m-%d', at / 1000, 'unixepoch', 'localtime'), SUM(milliwatt_hours), SUM(cost_pico_usd),
    MIN(is_measured) FROM energy WHERE ${rows} GROUP BY 1
    ON CONFLICT (day) DO UPDATE SET milliwatt_hours = milliwatt_hours + excluded.milliwatt_hours,
      cost_pico_usd = cost_pico_usd + excluded.cost_pico_usd, is_measured = min(is_measured, excluded.is_measured)`;

/** Running sums of electricity by local day (`YYYY-MM-DD`), kept in the transaction of what they sum: ten years are a million rows. */
export const energyDays = `
CREATE TABLE energy_days (
  day TEXT PRIMARY KEY,
  milliwatt_hours INTEGER NOT NULL,
  cost_pico_usd INTEGER NOT NULL,
  is_measured INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
${add('true')};
CREATE TRIGGER energy_summed AFTER INSERT ON energy BEGIN${add('id = NEW.id')};
END;
`;
