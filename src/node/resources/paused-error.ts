import { AppError } from '#contract/errors.ts';
import type { PauseCode, PauseReason } from '#contract/node-status.ts';

/** What a client may wait for where no end is known. */
const openEndSeconds = 60;

/** Why a client gets no answer. Names of programs and figures of the computer are the operator's own matter. */
const whys: Record<PauseCode, string> = {
  operator: 'This node is paused by its operator.',
  'user-active': 'This node is paused while somebody uses the computer.',
  schedule: 'This node is paused outside its hours.',
  'network-schedule': 'This node is paused outside its hours for the network.',
  'on-battery': 'This node is paused while the computer runs on battery.',
  'exclusive-app': 'This node is paused while another program needs the computer.',
  'full-screen': 'This node is paused while another program needs the computer.',
  temperature: 'This node is paused until the computer has cooled down.',
  'others-gpu': 'This node is paused while another program needs the GPU.',
  'others-cpu': 'This node is paused while other programs need the processor.',
  'metered-network': 'This node is paused while its network is metered.',
  'network-cap': 'This node is paused: its traffic for the month is used up.',
  'power-price': 'This node is paused while electricity costs more than it earns.',
  'lost-jobs': 'This node is paused after several requests failed on it.',
  'disk-low': 'This node is paused until its disk has space again.',
  gateway: 'This node is paused: its gateway asked for it.',
};

/** The refusal of a request while serving is held; `reasons` are those that hold it, at least one. */
export function pausedError(reasons: readonly PauseReason[], now: number): AppError {
  const [first] = reasons;
  const isOpen = reasons.some(({ until }) => until === undefined);
  const end = Math.max(...reasons.map(({ until }) => until ?? now));
  return new AppError('node/paused', first ? whys[first.code] : whys.operator, {
    retryAfterSeconds: isOpen ? openEndSeconds : Math.max(1, Math.ceil((end - now) / 1000)),
    data: { reasons: reasons.map(({ code }) => code) },
  });
}
