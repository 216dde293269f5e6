/** Electricity while the node worked. A price may be negative, where using power is paid for; null: none was set. */
export const energy = `
CREATE TABLE energy (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  milliwatt_hours INTEGER NOT NULL CHECK (milliwatt_hours > 0),
  micro_usd_per_kwh INTEGER,
  cost_pico_usd INTEGER NOT NULL CHECK (cost_pico_usd = milliwatt_hours * COALESCE(micro_usd_per_kwh, 0)),
  is_measured INTEGER NOT NULL CHECK (is_measured IN (0, 1))
) STRICT;
CREATE INDEX energy_by_time ON energy (at);
CREATE TRIGGER energy_stays BEFORE UPDATE ON energy BEGIN SELECT RAISE(ABORT, 'energy is append-only'); END;
CREATE TRIGGER energy_remains BEFORE DELETE ON energy BEGIN SELECT RAISE(ABORT, 'energy is append-only'); END;
`;
