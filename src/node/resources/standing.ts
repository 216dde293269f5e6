import type { LimitSet } from '#contract/manners.ts';
import type { PauseReason } from '#contract/node-status.ts';

/** What the node may do just now, and why not more: the pause policy's word. */
export interface Standing {
  /** All reasons that hold something back, the weightiest first. */
  reasons: PauseReason[];
  /** What takes no new work. With both held the node is paused. */
  holds: { serving: boolean; training: boolean; downloads: boolean };
  /** Whether running work may end first or is stopped at once; null while nothing is held. */
  how: 'drain' | 'stop' | null;
  limits: LimitSet;
  limitsName: 'in-use' | 'idle';
  /** Until when reasons are passed over; null while they count. */
  earnAnywayUntil: number | null;
}
