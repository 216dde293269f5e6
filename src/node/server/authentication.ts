import { timingSafeEqual } from 'node:crypto';
import { AppError } from '#contract/errors.ts';
import {
  gatewayDispatchText,
  gatewayHeaders,
  signedRequestWindowSeconds,
} from '#contract/wire/signed-request.ts';
import type { JobSource } from '../inference/job-request.ts';
import { sha256Hex, verifyText } from '../link/ed25519.ts';

/** Which gateway may send jobs: none, one that signs with a known key, or a plain one that does not sign. */
export type TrustedGateway = { mode: 'none' } | { mode: 'signed'; publicKey: string } | { mode: 'plain' };

export interface Caller {
  source: JobSource;
  /** Whom the rate limit counts. */
  rateKey: string;
  requestId: string | null;
  deadlineMs: number | null;
}

export interface IncomingRequest {
  method: string;
  path: string;
  header(name: string): string | undefined;
  body: Uint8Array;
}

const mostNonces = 100_000;

/** What a gateway that does not sign may call: the work that it pushes, and what it fetches of it. */
const plainCalls = new Set([
  'POST /inference',
  'POST /training/join',
  'POST /training/start',
  'POST /federated/participate',
  'GET /training/update',
  'GET /training/gradient',
  'GET /training/gradient/data',
]);
const isPlainCall = ({ method, path }: IncomingRequest) => plainCalls.has(`${method} ${path}`);

/** Finds out who asks. Throws `auth/*`. */
export function createAuthentication(options: {
  apiKey(): string;
  gateway(): TrustedGateway;
  nowMs(): number;
}): (request: IncomingRequest) => Caller {
  const nonces = new Map<string, number>();

  function takeNonce(nonce: string, nowSeconds: number): boolean {
    for (const [known, expires] of nonces) {
      if (expires >= nowSeconds && nonces.size < mostNonces) break;
      nonces.delete(known);
    }
    if (nonces.has(nonce)) return false;
    nonces.set(nonce, nowSeconds + 2 * signedRequestWindowSeconds);
    return true;
  }

  function gatewayCaller(request: IncomingRequest, key: string): Caller {
    const gateway = options.gateway();
    if (gateway.mode !== 'signed' || gateway.publicKey !== key)
      throw new AppError('auth/unknown-gateway', 'This node does not work for the gateway that signed this.');
    const header = (name: keyof typeof gatewayHeaders) => request.header(gatewayHeaders[name]) ?? '';
    const timestamp = Number(header('timestamp'));
    const deadlineMs = Number(header('deadline'));
    const nonce = header('nonce');
    const requestId = header('requestId');
    const payer = header('payer');
    if (
      !Number.isSafeInteger(timestamp) ||
      !Number.isSafeInteger(deadlineMs) ||
      !nonce ||
      nonce.length > 100 ||
      !requestId
    )
      throw new AppError('auth/bad-signature', 'A signed dispatch lacks one of its headers.');
    const nowSeconds = Math.floor(options.nowMs() / 1000);
    const off = Math.abs(nowSeconds - timestamp);
    if (off > signedRequestWindowSeconds)
      throw new AppError('auth/expired', `The signature is ${off} seconds off this computer’s clock.`);
    const text = gatewayDispatchText({
      method: request.method,
      path: request.path,
      timestamp,
      nonce,
      bodySha256: sha256Hex(request.body),
      requestId,
      payer,
      deadlineMs,
    });
    if (!verifyText(text, header('signature'), key))
      throw new AppError('auth/bad-signature', 'The signature does not fit this request.');
    if (!takeNonce(nonce, nowSeconds)) throw new AppError('auth/replayed', 'This very request came before.');
    return {
      source: { kind: 'gateway', payer, gatewayKey: key },
      rateKey: `gateway:${payer}`,
      requestId,
      deadlineMs,
    };
  }

  return (request) => {
    const gatewayKey = request.header(gatewayHeaders.key);
    if (gatewayKey) return gatewayCaller(request, gatewayKey);
    // Anthropic's clients send their key in a header of its own.
    const bearer =
      /^Bearer (.+)$/i.exec(request.header('authorization') ?? '')?.[1] ?? request.header('x-api-key');
    if (bearer !== undefined) {
      if (!sameText(bearer, options.apiKey()))
        throw new AppError('auth/invalid-key', 'This is not the node’s API key.');
      return {
        source: { kind: 'local', client: 'API key' },
        rateKey: 'local',
        requestId: null,
        deadlineMs: null,
      };
    }
    if (options.gateway().mode === 'plain' && isPlainCall(request))
      return {
        source: { kind: 'gateway', payer: '', gatewayKey: null },
        rateKey: 'plain-gateway',
        requestId: null,
        deadlineMs: null,
      };
    throw new AppError('auth/missing', 'This request has neither a key nor a gateway’s signature.');
  };
}

/** Compares in a time that says nothing about where two texts differ. */
function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
