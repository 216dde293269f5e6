import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import type { JobService } from '../inference/job-request.ts';
import type { ApiMetrics } from './api-metrics.ts';
import type { Caller, TrustedGateway } from './authentication.ts';
import type { TrainingApi } from './training-routes.ts';

export interface ApiParts {
  jobs: JobService;
  clock: Clock;
  metrics: ApiMetrics;
  nodeId: string;
  healthy(): boolean;
  /** After how long a node that is not healthy may be asked again; null where it is not known. */
  retryAfterSeconds?(): number | null;
  /** What `GET /health` tells beside its status. */
  health(): Record<string, unknown>;
  capabilities(): unknown;
  servedModels(): string[];
  /** Whether a plain prompt is a user's message (true) or text to be continued. */
  hasChatTemplate(model: string): boolean;
  training: TrainingApi;
  apiKey(): string;
  gateway(): TrustedGateway;
  requestsPerMinutePerKey(): number;
  defaultTimeoutMs(): number;
}

/** One request after authentication, with all that a route needs. */
export interface ApiCall {
  request: IncomingMessage;
  response: ServerResponse;
  path: string;
  body: Uint8Array;
  caller: Caller;
  parts: ApiParts;
}

export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
