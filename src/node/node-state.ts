import type { Engine } from '#contract/model.ts';
import type { LinkState, NodeState, PauseReason, StartStep } from '#contract/node-status.ts';
import type { ErrorBody } from '#contract/result.ts';

/** What the node was told to do and how far it is. */
export type Phase =
  | { phase: 'stopped' }
  | { phase: 'starting'; step: StartStep }
  | { phase: 'running'; since: number }
  | { phase: 'draining'; running: number; until: number }
  | { phase: 'failed'; error: ErrorBody };

export interface StateInputs {
  onboarded: boolean;
  phase: Phase;
  pauseReasons: PauseReason[];
  link: LinkState;
  engine: Engine;
  /** Why no work is taken although all runs. */
  obstacle: ErrorBody | null;
  /** Why the gateway is not served: it owes too much. The node stays registered, so that it can be paid. */
  credit: ErrorBody | null;
}

/** The one word a person sees, from everything that is known. */
export function nodeState({
  onboarded,
  phase,
  pauseReasons,
  link,
  engine,
  obstacle,
  credit,
}: StateInputs): NodeState {
  if (phase.phase === 'failed') return { state: 'problem', error: phase.error };
  if (phase.phase === 'draining') return { state: 'draining', running: phase.running, until: phase.until };
  if (phase.phase === 'stopped') return { state: onboarded ? 'stopped' : 'not-set-up' };
  if (link.state === 'away') return { state: 'problem', error: link.error, retryAt: link.retryAt };
  if (phase.phase === 'starting') {
    const progress = phase.step === 'model' && engine.loadProgress !== null ? engine.loadProgress : undefined;
    return { state: 'starting', step: phase.step, ...(progress === undefined ? {} : { progress }) };
  }
  if (!canServe(engine))
    return engine.error ? { state: 'problem', error: engine.error } : { state: 'starting', step: 'engine' };
  if (obstacle) return { state: 'problem', error: obstacle };
  if (pauseReasons.length > 0) return { state: 'paused', reasons: pauseReasons };
  if (link.state !== 'registered') return { state: 'starting', step: 'registering' };
  if (credit) return { state: 'problem', error: credit };
  return { state: 'earning', since: phase.since };
}

/** Whether `GET /health` answers 200: the gateway asks for it before it registers the node. */
export function isHealthy({ phase, pauseReasons, engine, obstacle }: StateInputs): boolean {
  const works = phase.phase === 'running' || (phase.phase === 'starting' && phase.step === 'registering');
  return works && obstacle === null && pauseReasons.length === 0 && canServe(engine);
}

/** A model that is not loaded is loaded when it is asked for. */
const canServe = ({ state, error }: Engine): boolean =>
  state === 'ready' || (error === null && (state === 'off' || state === 'loading'));
