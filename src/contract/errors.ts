import { z } from 'zod';

/**
 * Every error a person or a peer can meet, with the HTTP status it has on the wire.
 * Title and advice of each stand in resources/locales/en.json under `errors`.
 */
export const errorStatus = {
  'auth/bad-signature': 401,
  'auth/expired': 401,
  'auth/invalid-key': 401,
  'auth/missing': 401,
  'auth/replayed': 401,
  'auth/unknown-gateway': 401,
  'chain/rejected': 409,
  'chain/unreachable': 503,
  'chain/wrong-cluster': 409,
  'disk/full': 507,
  'file/not-writable': 403,
  'gateway/endpoint-unreachable': 400,
  'gateway/insufficient-funds': 402,
  'gateway/no-nodes': 503,
  'gateway/node-failed': 502,
  'gateway/not-registered': 404,
  'host/crashed': 503,
  'host/internal': 500,
  'host/unavailable': 503,
  'inference/busy': 503,
  'inference/context-too-long': 400,
  'inference/crashed': 503,
  'inference/failed': 500,
  'inference/load-failed': 500,
  'inference/memory-pressure': 503,
  'inference/out-of-memory': 503,
  'inference/unknown-model': 404,
  'ledger/corrupt': 500,
  'ledger/newer-version': 500,
  'ledger/not-writable': 500,
  'link/bad-answer': 502,
  'link/clock-skew': 401,
  'link/endpoint-not-public': 400,
  'link/hardware-below-minimum': 422,
  'link/rejected': 400,
  'link/unreachable': 503,
  'models/already-there': 409,
  'models/benchmark-running': 409,
  'models/does-not-fit': 400,
  'models/download-corrupt': 502,
  'models/download-failed': 502,
  'models/gated': 403,
  'models/in-use': 409,
  'models/last': 409,
  'models/not-a-model': 400,
  'models/not-found': 404,
  'models/not-gguf': 400,
  'models/not-in-catalogue': 404,
  'models/nothing-to-optimise': 409,
  'models/quota': 507,
  'models/shipped': 409,
  'models/truncated': 400,
  'models/unknown-architecture': 400,
  'node/draining': 503,
  'node/not-set-up': 409,
  'node/paused': 503,
  'node/stopped': 503,
  'node/training': 503,
  'payer/blocked': 403,
  'payer/credit-limit': 402,
  'payer/not-disputed': 409,
  'profile/not-writable': 500,
  'profile/unreadable': 500,
  'provider/auth': 502,
  'provider/bad-answer': 502,
  'provider/bad-request': 400,
  'provider/content-refused': 400,
  'provider/failed': 502,
  'provider/no-model': 502,
  'provider/overloaded': 503,
  'provider/quota': 503,
  'provider/rate-limited': 429,
  'provider/stalled': 504,
  'provider/unreachable': 502,
  'proxy/already-there': 409,
  'proxy/budget': 503,
  'proxy/cannot-bill': 503,
  'proxy/cooling-down': 503,
  'proxy/max-price': 400,
  'proxy/no-key': 503,
  'proxy/no-price': 503,
  'proxy/no-provider': 503,
  'proxy/not-found': 404,
  'proxy/price-stale': 503,
  'proxy/prices-unreadable': 500,
  'proxy/throttled': 429,
  'queue/cancelled': 499,
  'queue/client-left': 499,
  'queue/deadline-passed': 504,
  'queue/full': 503,
  'rate/limited': 429,
  'request/invalid': 400,
  'request/malformed-json': 400,
  'request/not-found': 404,
  'request/too-large': 413,
  'request/unsupported': 400,
  'resources/no-room': 503,
  'server/port-in-use': 500,
  'settings/invalid': 400,
  'settings/unreadable': 500,
  'settlement/bad-token': 409,
  'settlement/below-threshold': 409,
  'settlement/not-found': 404,
  'settlement/outstanding': 409,
  'settlement/rent': 409,
  'training/bad-data': 400,
  'training/bad-model': 400,
  'training/bad-offer': 502,
  'training/bad-task': 500,
  'training/bad-update': 422,
  'training/bad-weights': 400,
  'training/cancelled': 499,
  'training/conflict': 409,
  'training/data-already-there': 409,
  'training/data-changed': 409,
  'training/data-not-found': 404,
  'training/data-too-large': 413,
  'training/data-unusable': 422,
  'training/deadline-passed': 504,
  'training/diverged': 422,
  'training/engine-install-failed': 500,
  'training/failed': 500,
  'training/interrupted': 503,
  'training/late': 410,
  'training/left': 409,
  'training/model-too-large': 413,
  'training/no-data': 409,
  'training/not-a-participant': 403,
  'training/not-in-round': 409,
  'training/not-yet': 425,
  'training/other-update': 502,
  'training/out-of-memory': 503,
  'training/privacy-budget': 403,
  'training/privacy-ledger': 500,
  'training/round-bad-peer': 502,
  'training/round-failed': 502,
  'training/round-malformed': 400,
  'training/round-out-of-step': 409,
  'training/round-too-few': 503,
  'training/round-unsafe': 422,
  'training/round-untrusted': 409,
  'training/task-changed': 409,
  'training/task-refused': 400,
  'training/trainer-failed': 500,
  'training/unknown-model': 404,
  'training/unknown-round': 404,
  'training/unknown-task': 404,
  'training/update-refused': 400,
  'training/worker-crashed': 503,
  'wallet/bad-delegation': 400,
  'wallet/bad-signature': 400,
  'wallet/bad-transaction': 400,
  'wallet/bad-voucher': 400,
  'wallet/cancelled': 409,
  'wallet/invalid-address': 400,
  'wallet/needed': 409,
  'wallet/no-port': 503,
  'wallet/not-found': 404,
  'wallet/proof-needed': 403,
  'wallet/rejected': 409,
  'wallet/relay-altered': 502,
  'wallet/relay-unreachable': 502,
  'wallet/timed-out': 408,
  'wallet/wrong-account': 409,
  'wallet/wrong-channel': 502,
} as const;

export type ErrorCode = keyof typeof errorStatus;
export const errorCodes = Object.keys(errorStatus) as [ErrorCode, ...ErrorCode[]];
export const errorCodeSchema = z.enum(errorCodes);

/** JSON values that travel with an error: figures a person needs, never a secret. */
export type ErrorData = Record<string, z.core.util.JSONType>;

export interface AppErrorOptions {
  data?: ErrorData;
  /** Seconds after which trying again makes sense; becomes `Retry-After`. */
  retryAfterSeconds?: number;
  cause?: unknown;
}

/** The one error type of the app: a code, a sentence a person understands, and its figures. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly data: ErrorData | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.data = options.data;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): number {
    return errorStatus[this.code];
  }
}
