import { randomUUID } from 'node:crypto';
import { gatewayDispatchText, gatewayHeaders } from '#contract/wire/signed-request.ts';
import { type GatewayKey, sha256Hex } from './ed25519.ts';
import type { RegisteredNode } from './registry.ts';

export interface Dispatch {
  node: RegisteredNode;
  requestId: string;
  payer: string;
  deadlineMs: number;
}

/** Sends a signed call to a node. Rejects when the node does not answer before the deadline. */
export async function sendToNode(
  key: GatewayKey,
  { node, requestId, payer, deadlineMs }: Dispatch,
  call: { method: 'POST' | 'DELETE'; path: string; body: string },
  now: () => number = Date.now,
): Promise<Response> {
  const timestamp = Math.floor(now() / 1000);
  const nonce = randomUUID();
  const text = gatewayDispatchText({
    method: call.method,
    path: call.path,
    timestamp,
    nonce,
    bodySha256: sha256Hex(call.body),
    requestId,
    payer,
    deadlineMs,
  });
  return fetch(new URL(call.path, node.capabilities.endpoint_url), {
    method: call.method,
    redirect: 'error',
    signal: AbortSignal.timeout(Math.max(1, deadlineMs - now() + 10_000)),
    headers: {
      ...(call.body ? { 'content-type': 'application/json' } : {}),
      [gatewayHeaders.key]: key.publicKey,
      [gatewayHeaders.timestamp]: `${timestamp}`,
      [gatewayHeaders.nonce]: nonce,
      [gatewayHeaders.signature]: key.sign(text),
      [gatewayHeaders.requestId]: requestId,
      [gatewayHeaders.payer]: payer,
      [gatewayHeaders.deadline]: `${deadlineMs}`,
    },
    ...(call.body ? { body: call.body } : {}),
  });
}
