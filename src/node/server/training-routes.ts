import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { AppError } from '#contract/errors.ts';
import type { PastRound, TrainingStatus } from '#contract/training.ts';
import { trainingRoundSchema, trainingStartSchema } from '#contract/wire/training.ts';
import { type ByteRate, paced } from '../byte-rate.ts';
import type { PlainRoundApi } from '../training/plain-rounds.ts';
import { type ApiCall, answerJson } from './api-call.ts';
import { parseBody } from './request-body.ts';

/** The training node, as its HTTP API shows it. */
export interface TrainingApi {
  rounds: PlainRoundApi;
  /** What an update that is fetched keeps to. */
  rate: ByteRate;
  status(): TrainingStatus;
  history(): PastRound[];
}

type Prepare = (call: ApiCall) => () => void;

/** What a plain gateway calls (network protocol, section 3), and the operator's own programs. */
export const trainingRoutes: readonly { method: 'GET' | 'POST'; path: string; prepare: Prepare }[] = [
  { method: 'POST', path: '/training/join', prepare: roundCall((rounds, round) => rounds.join(round)) },
  {
    method: 'POST',
    path: '/federated/participate',
    prepare: roundCall((rounds, round) => rounds.participate(round)),
  },
  {
    method: 'POST',
    path: '/training/start',
    prepare({ body, parts, response }) {
      const how = parseBody(body, trainingStartSchema);
      return () => answerJson(response, 202, parts.training.rounds.start(how));
    },
  },
  {
    method: 'GET',
    path: '/training/update',
    prepare: found(({ rounds }) => rounds.update()),
  },
  {
    method: 'GET',
    path: '/training/gradient',
    prepare: found(({ rounds }, { request }) =>
      rounds.gradient(`http://${request.headers.host ?? 'localhost'}/training/gradient/data`),
    ),
  },
  {
    method: 'GET',
    path: '/training/gradient/data',
    prepare:
      ({ parts, response }) =>
      () => {
        const bytes = parts.training.rounds.gradientBytes();
        if (!bytes) throw nothingTrained();
        answerPaced(response, 'application/octet-stream', bytes, parts.training.rate);
      },
  },
  { method: 'GET', path: '/api/v1/node/training/current', prepare: own(({ status }) => status().state) },
  {
    method: 'GET',
    path: '/api/v1/node/training/rounds',
    prepare: own(({ history }) => ({ rounds: history() })),
  },
  {
    method: 'GET',
    path: '/api/v1/node/training/model',
    prepare: own(({ status }) => {
      const { tasks, engine, privacy } = status();
      return { models: tasks, engine, privacy };
    }),
  },
];

type Round = ReturnType<typeof trainingRoundSchema.parse>;

function roundCall(act: (rounds: PlainRoundApi, round: Round) => { status: string }): Prepare {
  return ({ body, parts, response }) => {
    const round = parseBody(body, trainingRoundSchema);
    return () => {
      const answer = act(parts.training.rounds, round);
      answerJson(response, answer.status === 'declined' ? 409 : 200, answer);
    };
  };
}

function found(read: (training: TrainingApi, call: ApiCall) => unknown): Prepare {
  return (call) => () => {
    const value = read(call.parts.training, call);
    if (value === null) throw nothingTrained();
    const { rate } = call.parts.training;
    answerPaced(call.response, 'application/json', Buffer.from(JSON.stringify(value)), rate);
  };
}

/** What was trained, no faster than the limit of the network. */
function answerPaced(response: ServerResponse, type: string, bytes: Uint8Array, rate: ByteRate): void {
  const left = new AbortController();
  response.once('close', () => left.abort());
  response.writeHead(200, { 'content-type': type, 'content-length': bytes.length });
  // Whoever has left needs no answer.
  pipeline(paced(bytes, rate, left.signal), response).catch(() => {});
}

/** For the operator's key alone. */
function own(read: (training: TrainingApi) => unknown): Prepare {
  return ({ caller, parts, response }) => {
    if (caller.source.kind !== 'local')
      throw new AppError('auth/missing', 'This is for the operator’s own key.');
    return () => answerJson(response, 200, read(parts.training));
  };
}

const nothingTrained = () =>
  new AppError('request/not-found', 'This node has no trained update to give.', { retryAfterSeconds: 10 });
