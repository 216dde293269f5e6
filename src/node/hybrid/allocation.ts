import type { Allowance, ModeReason, WorkMode } from '#contract/hybrid.ts';
import type { Memory } from '../inference/pool-policy.ts';

/** What the arbiter knows when it decides. Times in Unix ms, amounts in lamports, memory in bytes. */
export interface ArbiterInputs {
  now: number;
  /** The slider: share of time and memory for training, 0–100. */
  sharePercent: number;
  /** What is switched on and can be done here at all (a sound model; data for a task). */
  can: { inference: boolean; training: boolean };
  /** What the pause policy holds back. */
  held: { inference: boolean; training: boolean };
  /** Requests: at work, waiting, and how many came a minute over the last ten minutes. */
  demand: { running: number; waiting: number; perMinute: number };
  /** The round that this node is in; null for none. `workMs` is what is left to compute with all of training's threads. */
  round: { deadline: number; workMs: number } | null;
  /** The gateway has tasks that this node could train. */
  hasRounds: boolean;
  ceiling: Memory;
  needs: { inference: Memory; training: Memory };
  /** Threads that may be used in all, by the limits in force. */
  threads: number;
  /** Mbit/s that may be used in all; null or absent: no limit. */
  networkMbps?: number | null;
  /** Disk that files of both kinds may take in all, and what each has that it does not part with; null or absent: not known. */
  disk?: { totalBytes: number; storedBytes: { inference: number; training: number } } | null;
  /** Measured over the last minutes of each kind's own work; null while unknown. */
  lamportsPerMinute: { inference: number | null; training: number | null };
  /** The operator has just moved the slider, or asked for a mode: no waiting. */
  isAsked: boolean;
  /** 0–1, drawn anew for each decision. */
  random: number;
}

/** What the arbiter remembers from decision to decision. */
export interface ArbiterState {
  mode: WorkMode;
  reason: ModeReason;
  since: number;
  /** No change before this instant, unless the operator, a deadline or a hold asks for it. */
  settledUntil: number;
  /** Working time of each kind, in ms, fading with a half-life; what the slider's share of time is held against. */
  worked: { inference: number; training: number };
  /** Threads that a deadline has given to training beside serving; 0 for none. */
  boostThreads: number;
  /** When there was last something to train. */
  workSeenAt: number;
  at: number;
}

export interface Allocation {
  mode: WorkMode;
  reason: ModeReason;
  allowance: { inference: Allowance; training: Allowance };
  /** Whether training may take on another round: not while serving is owed its turn. */
  takesRounds: boolean;
}
