import { AppError } from '#contract/errors.ts';
import { decodeParameters, parameterCount } from '#contract/federated/parameters.ts';
import type { PostedStage, RoundOutcome, RoundStage, RoundState } from '#contract/federated/rounds.ts';
import { encodeUpdate, sealUpdate } from '#contract/federated/update-frame.ts';
import { toAppError } from '#contract/result.ts';
import type { Clock } from '../clock.ts';
import { sha256Hex } from '../link/ed25519.ts';
import type { FederatedCalls } from '../link/federated-calls.ts';
import { remedyFor } from './retry.ts';
import type { RoundFolder } from './round-folder.ts';
import type { RoundLog } from './round-log.ts';
import type {
  OpenSecureRound,
  RoundBooks,
  RoundPrivacy,
  RoundTrainer,
  SecureRound,
  TrainingProgress,
} from './round-ports.ts';
import type { RoundRecord, Step } from './round-record.ts';

/** What is seen of a round while it runs. */
export interface RoundWatch {
  onDownload(share: number): void;
  onTraining(progress: TrainingProgress): void;
  onUpload(step: 'sending' | 'waiting' | 'consistency' | 'unmasking'): void;
  /** When the next try comes, while one waits. */
  onRetry(atMs: number | null): void;
  onStep(record: RoundRecord): void;
}

export interface RoundParts {
  calls: FederatedCalls;
  folder: RoundFolder;
  log: RoundLog;
  nodeKey: string;
  trainer: RoundTrainer;
  privacy: RoundPrivacy;
  books: RoundBooks;
  openSecure: OpenSecureRound;
  clock: Clock;
  random(): number;
}

/**
 * Runs a round from where its record stands to its end. Each state is written down before the next one is acted upon, so that this
 * may be called again after any crash. Rejects only when the signal is aborted: then the round goes on later. `leave` gives it up.
 */
export async function runRound(
  first: RoundRecord,
  parts: RoundParts,
  watch: RoundWatch,
  signals: { signal: AbortSignal; leave: AbortSignal },
): Promise<RoundRecord> {
  const { calls, folder, log, clock } = parts;
  const { roundId } = first;
  const { offer, task } = first.selected;
  const late = new AbortController();
  const over = new AbortController();
  const running = AbortSignal.any([signals.signal, signals.leave, late.signal]);
  const parameters = parameterCount(task.model);
  const secure: SecureRound | null =
    offer.secure === null
      ? null
      : parts.openSecure({
          offer,
          saved: folder.read('secrets'),
          save: (state) => folder.write('secrets', state),
        });
  let record = first;

  const step = (next: Step) => {
    record = log.append(roundId, next);
    watch.onStep(record);
  };

  /** Tries until it works, by the rule for its failure, within the deadline. */
  async function persist<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await work();
      } catch (thrown) {
        running.throwIfAborted();
        const error = toAppError(thrown);
        const remedy = remedyFor(error, {
          attempt,
          nowMs: clock.now(),
          deadlineMs: offer.deadline_ms,
          random: parts.random(),
        });
        if (remedy.kind === 'give-up') throw error;
        if (remedy.kind === 'again') {
          watch.onRetry(clock.now() + remedy.pauseMs);
          await clock.sleep(remedy.pauseMs, running);
          watch.onRetry(null);
        }
      }
    }
  }

  const send = (stage: PostedStage, body: unknown) =>
    persist(() => calls.send(roundId, stage, body, running));

  /** What stage `wanted` (or the end) has for this node. */
  async function reach(wanted: RoundStage, after: RoundStage | null): Promise<RoundState> {
    for (let known = after; ; ) {
      const state = await persist(() => calls.round(roundId, known, running));
      if (state.stage === wanted || isEnd(state)) return state;
      known = state.stage;
    }
  }

  async function prepare(): Promise<void> {
    if (!secure) return;
    await send('keys', secure.keys());
    const state = await reach('shares', 'keys');
    if (isEnd(state)) throw ended(state);
    if (state.stage === 'shares') await send('shares', secure.shares(state.message));
  }

  async function download(): Promise<void> {
    const wanted = [['model', offer.model_sha256] as const];
    const all = offer.control_sha256 ? [...wanted, ['control', offer.control_sha256] as const] : wanted;
    for (const [name, sha256] of all) {
      if (folder.read(name)) continue;
      const bytes = await persist(async () => {
        const got = await calls.model(sha256, parameters * 4 + 65_536, running);
        if (sha256Hex(got) !== sha256)
          throw new AppError('link/bad-answer', 'The model that came is not the one that was announced.');
        return got;
      });
      // Wrong shapes and numbers that are none end the round before anything is trained.
      decodeParameters(task.model, bytes);
      folder.write(name, bytes);
      watch.onDownload(name === 'model' ? 0.9 : 1);
    }
  }

  async function train(): Promise<void> {
    const weights = folderFloats('model');
    const control = offer.control_sha256 ? folderFloats('control') : null;
    const trained = await persist(() =>
      parts.trainer.train(
        {
          task,
          training: offer.training,
          dataId: record.selected.dataId,
          weights,
          control,
          checkpointFile: folder.checkpointFile,
        },
        watch.onTraining,
        running,
      ),
    );
    const { delta, controlDelta, examples, loss, accuracy, durationMs } = trained;
    const vectors = controlDelta ? concat(delta, controlDelta) : delta;
    folder.write('delta', new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength));
    // What a round takes of the privacy is written down before anything of it can leave.
    const epsilon = parts.privacy.spend(record, examples);
    step({
      state: 'uploading',
      examples,
      loss,
      accuracy,
      durationMs,
      epsilon,
      steps: trained.steps,
    });
  }

  async function upload(): Promise<RoundOutcome> {
    watch.onUpload('sending');
    const body = folder.read('update') ?? (await makeUpdate());
    if (body === null) return outcomeOf(await reach('done', 'update'));
    await send('update', body);
    watch.onUpload('waiting');
    if (!secure) return outcomeOf(await reach('done', 'update'));
    const consistency = await reach('consistency', 'update');
    if (isEnd(consistency)) return outcomeOf(consistency);
    watch.onUpload('consistency');
    await send('consistency', secure.consistency(consistency.message));
    const unmask = await reach('unmask', 'consistency');
    if (isEnd(unmask)) return outcomeOf(unmask);
    watch.onUpload('unmasking');
    await send('unmask', secure.unmask(unmask.message));
    return outcomeOf(await reach('done', 'unmask'));
  }

  /** The update as it is sent, made once: masked twice it would give itself away. Null when the round went on without this node. */
  async function makeUpdate(): Promise<Uint8Array | null> {
    const { update } = record;
    if (!update) throw new AppError('training/round-failed', 'The round has lost its update.');
    const vector = folderFloats('delta');
    const hasControl = offer.control_sha256 !== undefined;
    let vectors: (Float32Array | Uint32Array)[] = hasControl
      ? [vector.subarray(0, parameters), vector.subarray(parameters)]
      : [vector];
    if (secure) {
      const state = await reach('update', null);
      if (isEnd(state)) return null;
      vectors = [secure.mask(state.message, vector, update.examples)];
    }
    const frame = encodeUpdate(
      {
        round_id: roundId,
        model_sha256: offer.model_sha256,
        length: vectors[0]?.length ?? 0,
        control: vectors.length > 1,
        duration_ms: update.durationMs,
        steps: update.steps,
        examples: update.examples,
        ...(secure || update.loss === null ? {} : { loss: update.loss }),
        ...(secure || update.accuracy === null ? {} : { accuracy: update.accuracy }),
        ...(update.epsilon === null ? {} : { epsilon: update.epsilon }),
      },
      vectors,
    );
    const sealed = sealUpdate(frame, offer.update_key, {
      roundId,
      nodeKey: parts.nodeKey,
      modelSha256: offer.model_sha256,
    });
    folder.write('update', sealed);
    return sealed;
  }

  function folderFloats(name: 'model' | 'control' | 'delta'): Float32Array {
    const bytes = folder.read(name);
    if (!bytes) throw new AppError('training/round-failed', `The round has lost its ${name}.`);
    return name === 'delta'
      ? new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
      : decodeParameters(task.model, bytes);
  }

  clock.sleep(Math.max(0, offer.deadline_ms - clock.now()), over.signal).then(
    () => late.abort(new AppError('training/deadline-passed', 'The round’s deadline has passed.')),
    () => {},
  );
  try {
    for (;;) {
      watch.onStep(record);
      switch (record.state) {
        case 'selected':
          await prepare();
          step({ state: 'downloading' });
          break;
        case 'downloading':
          await download();
          step({ state: 'training' });
          break;
        case 'training':
          await train();
          break;
        case 'uploading': {
          const outcome = await upload();
          if (outcome.state === 'failed') throw new AppError('training/round-failed', outcome.reason);
          parts.books.book(record, outcome);
          step({ state: 'rewarded', outcome });
          break;
        }
        case 'rewarded':
        case 'failed':
          folder.remove();
          return record;
      }
    }
  } catch (thrown) {
    signals.signal.throwIfAborted();
    const error = signals.leave.aborted
      ? new AppError('training/left', 'This node left the round.')
      : late.signal.aborted
        ? (late.signal.reason as AppError)
        : toAppError(thrown);
    step({ state: 'failed', error: { code: error.code, message: error.message } });
    folder.remove();
    await calls.leave(roundId, AbortSignal.timeout(5000)).catch(() => {});
    return record;
  } finally {
    over.abort();
  }
}

const isEnd = ({ stage }: RoundState): boolean => stage === 'done' || stage === 'failed';

function outcomeOf(state: RoundState): RoundOutcome {
  if (state.outcome) return state.outcome;
  throw new AppError('link/bad-answer', 'The gateway ended the round without saying how.');
}

function ended(state: RoundState): AppError {
  const reason = state.outcome?.state === 'failed' ? state.outcome.reason : 'it went on without this node';
  return new AppError('training/round-failed', `The round has ended: ${reason}.`);
}

function concat(a: Float32Array, b: Float32Array): Float32Array {
  const all = new Float32Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
