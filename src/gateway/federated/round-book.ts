import type { Database } from 'better-sqlite3';
import type {
  PostedStage,
  RoundOffer,
  RoundOutcome,
  RoundStage,
  TakenAnswer,
} from '#contract/federated/rounds.ts';
import type { Result } from '#contract/result.ts';
import { appendOnly } from '../append-only.ts';

export const roundTables = `
  CREATE TABLE model_versions (
    task_sha256 TEXT NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL, round_id TEXT, strategy TEXT NOT NULL,
    model_sha256 TEXT NOT NULL, control_sha256 TEXT, memory_sha256 TEXT, loss REAL, accuracy REAL,
    PRIMARY KEY (task_sha256, version)
  ) STRICT;
  CREATE TABLE rounds (
    round_id TEXT PRIMARY KEY, at INTEGER NOT NULL, task_id TEXT NOT NULL, task_sha256 TEXT NOT NULL, offer TEXT NOT NULL
  ) STRICT;
  CREATE TABLE round_nodes (
    round_id TEXT NOT NULL, node_key TEXT NOT NULL, node_id TEXT NOT NULL, PRIMARY KEY (round_id, node_key)
  ) STRICT;
  CREATE TABLE round_stages (
    round_id TEXT NOT NULL, stage TEXT NOT NULL, at INTEGER NOT NULL, reason TEXT, PRIMARY KEY (round_id, stage)
  ) STRICT;
  CREATE TABLE round_messages (
    round_id TEXT NOT NULL, stage TEXT NOT NULL, node_key TEXT NOT NULL, at INTEGER NOT NULL, body_sha256 TEXT NOT NULL,
    answer TEXT NOT NULL, PRIMARY KEY (round_id, stage, node_key)
  ) STRICT;
  CREATE TABLE round_outcomes (
    round_id TEXT NOT NULL, node_key TEXT NOT NULL, is_completed INTEGER, outcome TEXT NOT NULL,
    PRIMARY KEY (round_id, node_key)
  ) STRICT;
  CREATE INDEX round_nodes_by_key ON round_nodes (node_key);
  CREATE INDEX round_outcomes_by_key ON round_outcomes (node_key);
  ${appendOnly('model_versions', 'rounds', 'round_nodes', 'round_stages', 'round_messages', 'round_outcomes')}`;

export interface ModelVersion {
  version: number;
  modelSha256: string;
  controlSha256: string | null;
  memorySha256: string | null;
  /** Whose memory it is. */
  strategy: string;
  loss: number | null;
  accuracy: number | null;
}

export interface RoundNode {
  nodeKey: string;
  nodeId: string;
}

/** A body that was taken, or refused for good, with what it was answered. */
export interface TakenMessage {
  bodySha256: string;
  answer: Result<TakenAnswer>;
}

/** Rounds and models as they came to be; rows are only ever added. */
export interface RoundBook {
  /** Newest first. */
  versions(taskSha256: string, most: number): ModelVersion[];
  addVersion(taskSha256: string, version: ModelVersion, roundId: string | null): void;
  begin(offer: RoundOffer, nodes: readonly RoundNode[]): void;
  enter(roundId: string, stage: RoundStage, reason?: string): void;
  message(roundId: string, stage: PostedStage, nodeKey: string): TakenMessage | null;
  addMessage(roundId: string, stage: PostedStage, nodeKey: string, message: TakenMessage): void;
  /** `isCompleted` null: the round ended by no fault of the node, and counts neither way. */
  addOutcome(roundId: string, nodeKey: string, outcome: RoundOutcome, isCompleted: boolean | null): void;
  outcome(roundId: string, nodeKey: string): { outcome: RoundOutcome; atMs: number } | null;
  isKnown(roundId: string): boolean;
  /** Rounds that have begun and not ended. */
  unfinished(): { roundId: string; nodes: RoundNode[] }[];
  /** Of all rounds that this node was selected for. */
  reliabilityOf(nodeKey: string): { selected: number; completed: number };
  /** Different nodes that were ever selected for this task. */
  nodesOf(taskSha256: string): number;
  totals(taskId: string): { done: number; failed: number; participants: number };
  transaction<T>(work: () => T): T;
}

export function openRoundBook(database: Database, now: () => number): RoundBook {
  type Row = Record<string, bigint | number | string | null>;
  const row = (sql: string, ...values: unknown[]) => database.prepare(sql).get(...values) as Row | undefined;
  const rows = (sql: string, ...values: unknown[]) => database.prepare(sql).all(...values) as Row[];
  const add = (table: string, ...values: unknown[]) =>
    database.prepare(`INSERT INTO ${table} VALUES (${values.map(() => '?').join(', ')})`).run(...values);
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  const real = (value: unknown) => (typeof value === 'number' ? value : null);
  const count = (sql: string, ...values: unknown[]) => Number(row(sql, ...values)?.n ?? 0);
  const nodesOfRound = (roundId: string): RoundNode[] =>
    rows('SELECT node_key, node_id FROM round_nodes WHERE round_id = ? ORDER BY node_key', roundId).map(
      (found) => ({ nodeKey: String(found.node_key), nodeId: String(found.node_id) }),
    );

  return {
    versions: (taskSha256, most) =>
      rows(
        'SELECT * FROM model_versions WHERE task_sha256 = ? ORDER BY version DESC LIMIT ?',
        taskSha256,
        most,
      ).map((found) => ({
        version: Number(found.version),
        modelSha256: String(found.model_sha256),
        controlSha256: text(found.control_sha256),
        memorySha256: text(found.memory_sha256),
        strategy: String(found.strategy),
        loss: real(found.loss),
        accuracy: real(found.accuracy),
      })),
    addVersion(taskSha256, one, roundId) {
      add(
        'model_versions',
        taskSha256,
        one.version,
        now(),
        roundId,
        one.strategy,
        one.modelSha256,
        one.controlSha256,
        one.memorySha256,
        one.loss,
        one.accuracy,
      );
    },
    begin(offer, nodes) {
      add('rounds', offer.round_id, now(), offer.task_id, offer.task_sha256, JSON.stringify(offer));
      for (const { nodeKey, nodeId } of nodes) add('round_nodes', offer.round_id, nodeKey, nodeId);
    },
    enter(roundId, stage, reason) {
      add('round_stages', roundId, stage, now(), reason ?? null);
    },
    message(roundId, stage, nodeKey) {
      const found = row(
        'SELECT body_sha256, answer FROM round_messages WHERE round_id = ? AND stage = ? AND node_key = ?',
        roundId,
        stage,
        nodeKey,
      );
      return found
        ? { bodySha256: String(found.body_sha256), answer: JSON.parse(String(found.answer)) }
        : null;
    },
    addMessage(roundId, stage, nodeKey, { bodySha256, answer }) {
      add('round_messages', roundId, stage, nodeKey, now(), bodySha256, JSON.stringify(answer));
    },
    addOutcome(roundId, nodeKey, outcome, isCompleted) {
      const completed = isCompleted === null ? null : isCompleted ? 1 : 0;
      add('round_outcomes', roundId, nodeKey, completed, JSON.stringify(outcome));
    },
    outcome(roundId, nodeKey) {
      const found = row(
        `SELECT outcome, at FROM round_outcomes JOIN round_stages USING (round_id)
         WHERE round_id = ? AND node_key = ? AND stage IN ('done', 'failed')`,
        roundId,
        nodeKey,
      );
      return found ? { outcome: JSON.parse(String(found.outcome)), atMs: Number(found.at) } : null;
    },
    isKnown: (roundId) => row('SELECT 1 AS n FROM rounds WHERE round_id = ?', roundId) !== undefined,
    unfinished: () =>
      rows(
        `SELECT round_id FROM rounds WHERE round_id NOT IN (SELECT round_id FROM round_stages WHERE stage IN ('done', 'failed'))`,
      ).map((found) => ({
        roundId: String(found.round_id),
        nodes: nodesOfRound(String(found.round_id)),
      })),
    reliabilityOf(nodeKey) {
      const found = row(
        'SELECT COUNT(is_completed) AS selected, SUM(is_completed) AS completed FROM round_outcomes WHERE node_key = ?',
        nodeKey,
      );
      return { selected: Number(found?.selected ?? 0), completed: Number(found?.completed ?? 0) };
    },
    nodesOf: (taskSha256) =>
      count(
        'SELECT COUNT(DISTINCT node_key) AS n FROM round_nodes JOIN rounds USING (round_id) WHERE task_sha256 = ?',
        taskSha256,
      ),
    totals(taskId) {
      const ended = (stage: string) =>
        count(
          'SELECT COUNT(*) AS n FROM round_stages JOIN rounds USING (round_id) WHERE task_id = ? AND stage = ?',
          taskId,
          stage,
        );
      return {
        done: ended('done'),
        failed: ended('failed'),
        participants: count(
          'SELECT COUNT(*) AS n FROM round_outcomes JOIN rounds USING (round_id) WHERE task_id = ? AND is_completed = 1',
          taskId,
        ),
      };
    },
    transaction: (work) => database.transaction(work)(),
  };
}
