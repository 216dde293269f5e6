import { AppError } from '#contract/errors.ts';
import type { Clock } from '../clock.ts';
import { number, one, openDatabase, write } from '../ledger/database.ts';
import { foldSteps, mayFollow, type RoundRecord, type Step, stepSchema } from './round-record.ts';

const rounds = `
CREATE TABLE steps (
  id INTEGER PRIMARY KEY,
  round_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  state TEXT NOT NULL,
  detail TEXT NOT NULL,
  UNIQUE (round_id, state)
) STRICT;
CREATE TRIGGER steps_stay BEFORE UPDATE ON steps BEGIN SELECT RAISE(ABORT, 'steps are append-only'); END;
CREATE TRIGGER steps_remain BEFORE DELETE ON steps BEGIN SELECT RAISE(ABORT, 'steps are append-only'); END;
`;

export interface RoundLog {
  /** Writes a step down, on the disk when this returns. Throws `disk/full`, `ledger/*`; `training/round-failed` for one out of order. */
  append(roundId: string, step: Step): RoundRecord;
  /** The round that has not ended; there is one at most. */
  current(): RoundRecord | null;
  knows(roundId: string): boolean;
  /** Newest first. */
  ended(limit: number): RoundRecord[];
  /** Of all rounds that counted, after the fee. */
  earned(): { rounds: number; netLamports: bigint };
  close(): void;
}

/** Every step of every round, append-only: what the node knows after a restart. */
export function openRoundLog(file: string, { clock }: { clock: Clock }): RoundLog {
  const database = openDatabase(file, [rounds]);
  // A step that was acted upon must not be lost with the machine: nothing here is frequent.
  database.pragma('synchronous = FULL');
  const insert = database.prepare('INSERT INTO steps (round_id, at, state, detail) VALUES (?, ?, ?, ?)');
  const ofRound = database.prepare('SELECT at, detail FROM steps WHERE round_id = ? ORDER BY id');
  const openRound = database.prepare(
    `SELECT round_id FROM steps GROUP BY round_id
     HAVING SUM(state IN ('rewarded', 'failed')) = 0 ORDER BY MIN(id) LIMIT 1`,
  );
  const endedRounds = database.prepare(
    `SELECT round_id FROM steps WHERE state IN ('rewarded', 'failed') ORDER BY id DESC LIMIT ?`,
  );

  const counted = database.prepare(
    `SELECT COUNT(*) AS rounds, COALESCE(SUM(CAST(json_extract(detail, '$.outcome.reward.price_lamports') AS INTEGER)
       - CAST(json_extract(detail, '$.outcome.reward.fee_lamports') AS INTEGER)), 0) AS net
     FROM steps WHERE state = 'rewarded' AND json_extract(detail, '$.outcome.counted')`,
  );

  function read(roundId: string): RoundRecord | null {
    const rows = ofRound.all(roundId) as { at: bigint; detail: string }[];
    return foldSteps(
      roundId,
      rows.map(({ at, detail }) => ({ at: Number(at), step: stepSchema.parse(JSON.parse(detail)) })),
    );
  }

  return {
    append(roundId, step) {
      const before = read(roundId);
      if (!mayFollow(before?.state ?? null, step.state))
        throw new AppError(
          'training/round-failed',
          `Round ${roundId} cannot go from ${before?.state ?? 'nothing'} to ${step.state}.`,
        );
      // What could not be read again would close the whole log.
      const detail = JSON.stringify(stepSchema.parse(step));
      write(() => insert.run(roundId, clock.now(), step.state, detail));
      return read(roundId) as RoundRecord;
    },
    current() {
      const row = openRound.get() as { round_id: string } | undefined;
      return row ? read(row.round_id) : null;
    },
    knows: (roundId) => ofRound.get(roundId) !== undefined,
    ended: (limit) =>
      (endedRounds.all(limit) as { round_id: string }[]).map(({ round_id }) => read(round_id) as RoundRecord),
    earned() {
      const { rounds, net } = one(counted.get());
      return { rounds: number(rounds), netLamports: net ?? 0n };
    },
    close: () => database.close(),
  };
}
