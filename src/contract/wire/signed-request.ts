/**
 * What a node signs with its ed25519 key on each call to a gateway (extension `signed-nodes`),
 * and what a gateway signs on each dispatch to a node. Signatures travel as base58.
 */
export const signedRequestWindowSeconds = 300;

export const nodeHeaders = {
  key: 'x-node-key',
  timestamp: 'x-node-timestamp',
  nonce: 'x-node-nonce',
  signature: 'x-node-signature',
} as const;

export const gatewayHeaders = {
  key: 'x-gateway-key',
  timestamp: 'x-gateway-timestamp',
  nonce: 'x-gateway-nonce',
  signature: 'x-gateway-signature',
  requestId: 'x-request-id',
  payer: 'x-payer',
  deadline: 'x-deadline',
} as const;

export interface SignedRequest {
  method: string;
  /** Path with query, as sent. */
  path: string;
  /** Unix seconds. */
  timestamp: number;
  nonce: string;
  /** Lower-case hex sha256 of the body's bytes; of nothing when there is no body. */
  bodySha256: string;
}

/** `solanalm-node-request-v1` of the network's protocol, as text to be signed. */
export function nodeRequestText(request: SignedRequest): string {
  const { method, path, timestamp, nonce, bodySha256 } = request;
  return ['solanalm-node-request-v1', method.toUpperCase(), path, timestamp, nonce, bodySha256].join('\n');
}

export interface SignedDispatch extends SignedRequest {
  requestId: string;
  payer: string;
  /** Unix milliseconds after which the gateway no longer wants the answer. */
  deadlineMs: number;
}

/** A gateway's dispatch: the node's form, bound to request id, payer and deadline too. */
export function gatewayDispatchText(dispatch: SignedDispatch): string {
  const { method, path, timestamp, nonce, bodySha256, requestId, payer, deadlineMs } = dispatch;
  return [
    'solanalm-gateway-dispatch-v1',
    method.toUpperCase(),
    path,
    timestamp,
    nonce,
    bodySha256,
    requestId,
    payer,
    deadlineMs,
  ].join('\n');
}
