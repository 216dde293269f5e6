import { AppError } from '#contract/errors.ts';
import { decodeParameters, parameterCount } from '#contract/federated/parameters.ts';
import type { RoundOutcome } from '#contract/federated/rounds.ts';
import { errorBody, toAppError } from '#contract/result.ts';
import type { Clock } from '../clock.ts';
import { sha256Hex } from '../link/ed25519.ts';
import type { FederatedCalls } from '../link/federated-calls.ts';
import type { OwnControls } from './own-control.ts';
import { checkCounted } from './round-books.ts';
import { createRoundExchange, isEnd, outcomeOf } from './round-exchange.ts';
import type { RoundFolder } from './round-folder.ts';
import type { RoundLog } from './round-log.ts';
import type { RoundBooks, RoundPrivacy, RoundTrainer, TrainingProgress } from './round-ports.ts';
import type { RoundRecord, Step } from './round-record.ts';
import type { OpenSecureClient, SecureClient } from './secure-client.ts';

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
  controls: OwnControls;
  privacy: RoundPrivacy;
  books: RoundBooks;
  openSecure: OpenSecureClient;
  clock: Clock;
  random(): number;
}

/** Bytes of a model's file beside its numbers, at most. */
const mostModelHeaderBytes = 65_536;
const leaveLimitMs = 5000;
const outcomePatienceMs = 24 * 3_600_000;

/**
 * Runs a round from where its record stands to its end. Each state is written down before the next one is acted upon, so that this
 * may be called again after any crash. Rejects when `signal` is aborted, or when what the round earned or its end cannot be written
 * down: then it goes on later. `leave` gives it up.
 */
export async function runRound(
  first: RoundRecord,
  parts: RoundParts,
  watch: RoundWatch,
  { signal, leave }: { signal: AbortSignal; leave: AbortSignal },
): Promise<RoundRecord> {
  const { calls, folder, log, clock } = parts;
  const { roundId } = first;
  const { offer, task, dataId } = first.selected;
  let record = first;
  let isEarned = false;
  const late = new AbortController();
  const over = new AbortController();
  const running = AbortSignal.any([signal, leave, late.signal]);
  const { persist, send, reach } = createRoundExchange({
    roundId,
    // Once there is an update, the gateway is asked how the round ended for as long as that can be worth anything.
    deadlineMs: () => offer.deadline_ms + (record.state === 'uploading' ? outcomePatienceMs : 0),
    calls,
    clock,
    random: parts.random,
    onRetry: watch.onRetry,
    signal: running,
  });
  const parameters = parameterCount(task.model);
  let secure: SecureClient | null = null;

  function openSecure(): SecureClient {
    const save = (state: Uint8Array) => folder.write('secrets', state);
    return parts.openSecure({ offer, parameters, saved: folder.read('secrets'), save });
  }

  function step(next: Step): void {
    record = log.append(roundId, next);
    watch.onStep(record);
  }

  /** Secure aggregation's keys and shares go out before the work, so that a node that is lost in it can be taken out of the sum. */
  async function prepare(): Promise<void> {
    if (!secure) return;
    await send('keys', secure.keys());
    let message: unknown;
    if (!secure.has('shares')) {
      const state = await reach('shares', 'keys');
      if (state.stage !== 'shares') throw endedEarly(outcomeOf(state));
      message = state.message;
    }
    await send('shares', await secure.shares(message));
  }

  async function download(): Promise<void> {
    const wanted: ['model' | 'control', string][] = [['model', offer.model_sha256]];
    if (offer.control_sha256) wanted.push(['control', offer.control_sha256]);
    for (const [index, [name, sha256]] of wanted.entries()) {
      if (folder.read(name)) continue;
      const bytes = await persist(async () => {
        const got = await calls.model(sha256, parameters * 4 + mostModelHeaderBytes, running);
        if (sha256Hex(got) === sha256) return got;
        throw new AppError('link/bad-answer', 'The model that came is not the one that was announced.');
      });
      // Wrong shapes, and numbers that are none, end the round before anything is trained.
      decodeParameters(task.model, bytes);
      folder.write(name, bytes);
      watch.onDownload((index + 1) / wanted.length);
    }
  }

  async function train(): Promise<void> {
    const weights = storedWeights('model');
    const control = offer.control_sha256
      ? { global: storedWeights('control'), own: parts.controls.read(task) }
      : null;
    const { checkpointFile } = folder;
    const seed = `${roundId}/${parts.nodeKey}`;
    const job = { task, training: offer.training, dataId, weights, control, checkpointFile, seed };
    const { delta, controlDelta, examples, loss, accuracy, durationMs, steps } = await persist(() =>
      parts.trainer.train(job, watch.onTraining, running),
    );
    folder.write('delta', bytesOf(controlDelta ? [delta, controlDelta] : [delta]));
    // What a round takes of the privacy is written down before anything of it can leave.
    const epsilon = parts.privacy.spend(record, examples);
    step({ state: 'uploading', examples, loss, accuracy, durationMs, epsilon, steps });
  }

  async function upload(): Promise<RoundOutcome> {
    watch.onUpload('sending');
    const made = secure?.isMasked() === false ? null : folder.read('update');
    const body = made ?? (await makeUpdate());
    if (body === null) return outcomeOf(await reach('done', 'update'));
    await send('update', body);
    watch.onUpload('waiting');
    if (!secure) return outcomeOf(await reach('done', 'update'));
    for (const [stage, after] of [
      ['consistency', 'update'],
      ['unmask', 'consistency'],
    ] as const) {
      let message: unknown;
      // After a restart the gateway may be past a stage that this node has answered.
      if (!secure.has(stage)) {
        const state = await reach(stage, after);
        if (isEnd(state)) return outcomeOf(state);
        message = state.message;
      }
      watch.onUpload(stage === 'unmask' ? 'unmasking' : stage);
      if (!(await sendInTime(stage, secure[stage](message)))) break;
    }
    return outcomeOf(await reach('done', null));
  }

  /** False when the gateway would not have it: the update is in the sum all the same, and the round's end says what it was worth. */
  async function sendInTime(stage: 'consistency' | 'unmask', body: unknown): Promise<boolean> {
    try {
      await send(stage, body);
      return true;
    } catch (thrown) {
      running.throwIfAborted();
      if (toAppError(thrown).code === 'link/rejected') return false;
      throw thrown;
    }
  }

  /**
   * The update as it is sent, made once: masked twice it would give itself away, and it is known by its hash. Null when the round
   * went on without this node.
   */
  async function makeUpdate(): Promise<Uint8Array | null> {
    const { update } = record;
    const delta = folder.read('delta');
    if (!update || !delta) throw lost('update');
    const all = new Float32Array(delta.slice().buffer);
    let vectors: (Float32Array | Uint8Array)[] = [all.subarray(0, parameters), all.subarray(parameters)];
    if (secure) {
      const state = await reach('update', null);
      if (isEnd(state)) return null;
      vectors = [await secure.mask(state.message, all, update.examples, running)];
    }
    vectors = vectors.filter(({ byteLength }) => byteLength > 0);
    const { examples, durationMs: duration_ms, steps, epsilon } = update;
    // Loss and accuracy say something of this node's data that neither a sum hides nor noise covers.
    const told = secure || offer.training.privacy ? { loss: null, accuracy: null } : update;
    const packed = calls.pack({
      offer,
      task,
      weights: () => storedWeights('model'),
      vectors,
      head: {
        round_id: roundId,
        model_sha256: offer.model_sha256,
        length: (vectors[0]?.byteLength ?? 0) / 4,
        control: vectors.length > 1,
        examples,
        duration_ms,
        steps,
        ...(told.loss === null ? {} : { loss: told.loss }),
        ...(told.accuracy === null ? {} : { accuracy: told.accuracy }),
        ...(epsilon === null ? {} : { epsilon }),
      },
    });
    folder.write('update', packed);
    secure?.masked();
    return packed;
  }

  /** Of the update as it went; of one that never did, of nothing. */
  function sentSha256(): string {
    return sha256Hex(folder.read('update') ?? new Uint8Array(0));
  }

  function keepControl(): void {
    const delta = offer.control_sha256 ? folder.read('delta') : null;
    if (delta) parts.controls.add(task, roundId, new Float32Array(delta.slice().buffer).subarray(parameters));
  }

  function storedWeights(name: 'model' | 'control'): Float32Array {
    const bytes = folder.read(name);
    if (!bytes) throw lost(name);
    return decodeParameters(task.model, bytes);
  }

  // Whether an update comes too late is for the gateway to say: it may have taken it before this node was cut off.
  const endWhenLate = () => {
    if (record.state === 'uploading') return;
    late.abort(new AppError('training/deadline-passed', 'The round’s deadline has passed.'));
  };
  clock.sleep(Math.max(0, offer.deadline_ms - clock.now()), over.signal).then(endWhenLate, () => {});
  try {
    if (offer.secure !== null && record.end === null) secure = openSecure();
    for (;;) {
      watch.onStep(record);
      switch (record.state) {
        case 'selected':
          parts.privacy.check(record);
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
          if (outcome.state === 'failed') throw endedEarly(outcome);
          const updateSha256 = sentSha256();
          checkCounted(record, outcome, updateSha256);
          isEarned = outcome.counted;
          parts.books.book(record, outcome, updateSha256);
          if (outcome.counted) keepControl();
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
    signal.throwIfAborted();
    if (isEarned) throw thrown;
    const error = leave.aborted
      ? new AppError('training/left', 'This node left the round.')
      : toAppError(late.signal.aborted ? late.signal.reason : thrown);
    step({ state: 'failed', error: errorBody(error) });
    folder.remove();
    await calls.leave(roundId, AbortSignal.timeout(leaveLimitMs)).catch(() => {});
    return record;
  } finally {
    over.abort();
  }
}

function endedEarly(outcome: RoundOutcome): AppError {
  const reason = outcome.state === 'failed' ? outcome.reason : 'it went on without this node';
  return new AppError('training/round-failed', `The round has ended: ${reason}.`);
}

const lost = (what: string) =>
  new AppError('training/round-failed', `The round’s ${what} is no longer on the disk.`);

/** Float32 vectors one after the other, in this machine's order: they stay on it. */
function bytesOf(vectors: Float32Array[]): Uint8Array {
  return Buffer.concat(
    vectors.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
  );
}
