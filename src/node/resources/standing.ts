import type { LimitSet } from '#contract/manners.ts';
import type { PauseReason } from '#contract/node-status.ts';

/** What takes no new work. */
export interface Holds {
  serving: boolean;
  /** Computing of a round. */
  training: boolean;
  /** No new round begins; held wherever computing is, and alone where only the network is to be left in peace. */
  rounds: boolean;
  downloads: boolean;
}

/** What the node may do just now, and why not more: the pause policy's word. */
export interface Standing {
  /** All reasons that hold something back, the weightiest first. */
  reasons: PauseReason[];
  /** Those of them that hold serving. */
  servingHeldBy: PauseReason[];
  /** With serving and training both held the node is paused. */
  holds: Holds;
  /** Whether running work may end first or is stopped at once; null while nothing is held. */
  how: 'drain' | 'stop' | null;
  limits: LimitSet;
  limitsName: 'in-use' | 'idle';
  /** Until when reasons are passed over; null while they count. */
  earnAnywayUntil: number | null;
}

/** What a node does at all, and whether a round computes just now. */
export interface Doing {
  serves: boolean;
  trains: boolean;
  isComputing: boolean;
}

/** Whether nothing of what the node does may go on, so that it is paused as a whole. */
export function isWhollyHeld({ holds, reasons }: Standing, does: Doing): boolean {
  const trainingRests = holds.training || (holds.rounds && !does.isComputing);
  return reasons.length > 0 && (holds.serving || !does.serves) && (trainingRests || !does.trains);
}
