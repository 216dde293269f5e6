import type { NodeState } from '#contract/node-status.ts';
import type { Resources } from '#contract/resources.ts';
import type { Settings } from '#contract/settings.ts';
import type { TrainingStatus } from '#contract/training.ts';
import type { Downloads } from './models/downloads.ts';
import type { NodeController } from './node-controller.ts';
import type { Standing } from './resources/standing.ts';
import type { Signal } from './signal.ts';
import type { Training } from './training/open-training.ts';
import type { RoundGateway } from './training/training-node.ts';

export const isComputing = ({ state }: TrainingStatus): boolean =>
  state.state === 'training' && !state.isPaused;

/** What follows from the node's state and from what is held: whether it trains, downloads, and keeps the computer awake. */
export function followStanding(parts: {
  controller: Pick<NodeController, 'status' | 'refresh'>;
  standing: Signal<Standing>;
  settings: Signal<Settings>;
  training: Pick<Training, 'node' | 'follow'>;
  downloads: Pick<Downloads, 'hold'>;
  resources: Signal<Resources>;
  roundGateway(): RoundGateway | null;
  /** Called when it changes; absent where nothing can be done about sleep. */
  keepAwake: ((isOn: boolean) => void) | undefined;
  onState(state: NodeState): void;
  /** The state is another, or it pauses for other reasons. */
  onNews(state: NodeState): void;
}): void {
  const { controller, standing, training } = parts;
  let told = '';
  let areDownloadsHeld = false;
  let isAwake = false;

  function follow(): void {
    const { state } = controller.status.get();
    parts.onState(state);
    const news = state.state === 'paused' ? state.reasons.map(({ code }) => code).join(' ') : state.state;
    if (news !== told) parts.onNews(state);
    told = news;
    const { holds } = standing.get();
    // For a gateway that owes too much no new round is begun.
    const owesTooMuch = state.state === 'problem' && state.error.code === 'payer/credit-limit';
    training.node.hold({ computing: holds.training, rounds: holds.rounds || owesTooMuch });
    if (holds.downloads !== areDownloadsHeld) parts.downloads.hold(holds.downloads);
    areDownloadsHeld = holds.downloads;
    // A gateway that is away for a while is no reason to stop what is being trained.
    training.follow(state.state === 'draining' ? null : parts.roundGateway());
    keepAwake();
  }

  /** Only while the node works, and never from a battery. */
  function keepAwake(): void {
    const works =
      controller.status.get().state.state === 'earning' || isComputing(training.node.status.get());
    const isOnBattery = parts.resources.get().surroundings.onBattery === true;
    const isOn = parts.settings.get().keepAwake && works && !isOnBattery;
    if (isOn === isAwake) return;
    isAwake = isOn;
    parts.keepAwake?.(isOn);
  }

  controller.status.subscribe(follow);
  parts.settings.subscribe(follow);
  standing.subscribe(follow);
  training.node.status.subscribe(() => {
    // Whether a round computes decides whether a part that is held is all there is.
    controller.refresh();
    keepAwake();
  });
  parts.resources.subscribe(keepAwake);
}
