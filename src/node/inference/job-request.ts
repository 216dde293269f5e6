import type { Job } from '#contract/job.ts';
import type { RoutePreferences } from '#contract/provider.ts';
import type { ToolCall } from '#contract/wire/openai.ts';
import type { GenerateRequest, GenerateResult, ProxyRoute } from './runtime.ts';

/** Who asks: a gateway for a payer (earns), or a program of the operator's own (free). */
export type JobSource =
  | {
      kind: 'gateway';
      payer: string /** base58; null for a plain gateway, which signs nothing. */;
      gatewayKey: string | null;
    }
  | { kind: 'local'; client: string };

export type JobWork =
  | { kind: 'generate'; request: GenerateRequest; choices: number }
  | { kind: 'embed'; inputs: string[] };

export interface JobRequest {
  requestId: string;
  source: JobSource;
  model: string;
  work: JobWork;
  /** How it wants to be routed, where providers answer it. */
  route?: RoutePreferences;
  /** Offered above the node's price. */
  tipLamports: bigint;
  /** Lower-case hex sha256 of the request body's bytes as received. */
  inputSha256: string;
  /** Unix milliseconds after which nobody wants the answer. */
  deadlineMs: number;
}

export interface Choice {
  text: string;
  finishReason: GenerateResult['finishReason'];
  toolCalls?: ToolCall[];
}

export interface JobHandlers {
  /** The prompt is in the model, or its answer was in the cache; called once, before any text. */
  onStart?(promptTokens: number, isCacheHit: boolean): void;
  /** New text of one choice. A promise asks to wait before there is more, where that can be done. */
  onText?(text: string, choice: number): void | Promise<void>;
  /** Of a proxied job: where it goes. */
  onRoute?(route: ProxyRoute): void;
}

/** A job that generated something, in full or until it was cancelled. */
export interface FinishedJob {
  request: JobRequest;
  /** One answer a choice, in order; none of an embedding. */
  choices: Choice[];
  /** Of an embedding: one vector an input. */
  vectors: number[][];
  /** What the receipt's hash stands for. */
  text: string;
  /** Of all choices together; the prompt counts once. */
  result: GenerateResult;
  isCacheHit: boolean;
  queuedAt: number;
  startedAt: number;
  finishedAt: number;
}

/** What booking a job brought; prices in lamports. */
export interface JobEarning {
  priceLamports: bigint;
  feeLamports: bigint;
  netLamports: bigint;
}

/** Books a finished job before its last byte goes out. Null for jobs that earn nothing. */
export interface JobAccounting {
  book(job: FinishedJob): Promise<JobEarning | null>;
}

export interface JobOutcome extends FinishedJob {
  earning: JobEarning | null;
}

export interface JobHandle {
  readonly id: string;
  /** Rejects with an AppError when the job failed, was refused by the engine, expired or was cancelled while waiting. */
  readonly done: Promise<JobOutcome>;
  cancel(): void;
}

/** Queue and engine behind the HTTP API. */
export interface JobService {
  /** Throws `queue/full`, `node/paused`, `node/stopped`, `node/draining` or `inference/unknown-model` at once. */
  submit(request: JobRequest, handlers?: JobHandlers): JobHandle;
  /** False when no job of that id waits or runs. `gatewayKey` limits it to jobs of that gateway. */
  cancel(id: string, by?: { gatewayKey: string | null }): boolean;
  jobs(): Job[];
  /** Jobs that changed since the last call, at most ten times a second. */
  onChange(listener: (changed: Job[], removed: string[]) => void): () => void;
}
