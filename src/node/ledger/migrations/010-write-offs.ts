/** What the operator has written off of a payer's disputed work: it stays disputed, and counts to the payer's credit no more. Added to only. */
export const writeOffs = `
CREATE TABLE write_offs (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  payer_id INTEGER NOT NULL REFERENCES payers (id),
  amount INTEGER NOT NULL CHECK (amount > 0)
) STRICT;
CREATE INDEX write_offs_by_payer ON write_offs (payer_id, amount);
CREATE TRIGGER write_offs_bounded BEFORE INSERT ON write_offs WHEN NEW.amount > (
    SELECT disputed - (SELECT COALESCE(SUM(amount), 0) FROM write_offs WHERE payer_id = NEW.payer_id) FROM payers WHERE id = NEW.payer_id)
  BEGIN SELECT RAISE(ABORT, 'more is written off than is disputed'); END;
CREATE TRIGGER write_offs_stay BEFORE UPDATE ON write_offs BEGIN SELECT RAISE(ABORT, 'write-offs are append-only'); END;
CREATE TRIGGER write_offs_remain BEFORE DELETE ON write_offs BEGIN SELECT RAISE(ABORT, 'write-offs are append-only'); END;
`;
