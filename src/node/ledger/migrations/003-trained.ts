/** Of an entry that is the reward of a training round: which one. */
export const trained = `
CREATE TABLE trained (
  entry_id INTEGER PRIMARY KEY REFERENCES entries (id),
  round_id TEXT NOT NULL,
  task_name TEXT NOT NULL
) STRICT;
CREATE TRIGGER trained_stay BEFORE UPDATE ON trained BEGIN SELECT RAISE(ABORT, 'trained is append-only'); END;
CREATE TRIGGER trained_remain BEFORE DELETE ON trained BEGIN SELECT RAISE(ABORT, 'trained is append-only'); END;
`;
