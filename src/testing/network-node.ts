import type { NodeCapabilities } from '#contract/wire/node-capabilities.ts';
import { type Receipt, receiptText, type SignedReceipt } from '#contract/wire/receipt.ts';
import type { Gateway } from '#gateway/gateway.ts';
import type { FinishedJob } from '#node/inference/job-request.ts';
import { sha256Hex } from '#node/link/ed25519.ts';
import { createGatewayCalls } from '#node/link/gateway-calls.ts';
import { newKey, startScriptedApi } from './scripted-api.ts';

/** 1000 lamports a request, 2 a token. */
const pricing = {
  per_request: 0.000001,
  per_token: 0.000000002,
  per_training_round: 0,
  minimum_payment: 0.001,
};
/** Whose nodes these are, where a test does not say. */
const wallet = newKey().publicKey;
export const priceOfTokens = (tokens: number) => 1000n + 2n * BigInt(tokens);

export function capabilitiesOf(
  node: { nodeId: string; url: string },
  change: Partial<NodeCapabilities> = {},
): NodeCapabilities {
  return {
    node_id: node.nodeId,
    node_type: 'inference',
    wallet_address: wallet,
    endpoint_url: node.url,
    hardware: { cpu_cores: 2, ram_gb: 8, storage_gb: 200, network_speed_mbps: 100 },
    pricing,
    supported_models: ['scripted'],
    max_concurrent_requests: 1,
    status: 'online',
    reputation_score: 1,
    total_requests_served: 0,
    success_rate: 1,
    average_response_time: 0,
    extensions: ['signed-nodes', 'health-report', 'deregister', 'streaming', 'receipts'],
    ...change,
  };
}

/** A node of the network on a scripted runtime: its real API and its real calls, registered with the gateway. */
export async function joinScriptedNode(
  gateway: Gateway,
  options: Parameters<typeof startScriptedApi>[0] & {
    nodeId?: string;
    capabilities?: Partial<NodeCapabilities>;
  } = {},
) {
  const pem = newKey();
  const key = { ...pem, nodeId: options.nodeId ?? `slm-${pem.publicKey.slice(0, 8)}` };
  const api = await startScriptedApi({ ...options, gatewayPublicKey: gateway.publicKey });
  const calls = createGatewayCalls(gateway.url, key, () => Date.now());
  const capabilities = capabilitiesOf({ nodeId: key.nodeId, url: api.url }, options.capabilities);
  await calls.register(capabilities);
  let seq = 0;

  const sign = (receipt: Receipt): SignedReceipt => ({ receipt, signature: key.sign(receiptText(receipt)) });
  /** The honest receipt of a finished job, but for what `change` says. */
  const receiptOf = (job: FinishedJob, change: Partial<Receipt> = {}): SignedReceipt => {
    seq += 1;
    return sign({
      v: 1,
      request_id: job.request.requestId,
      node_id: key.nodeId,
      node_key: key.publicKey,
      gateway: gateway.publicKey,
      payer: job.request.source.kind === 'gateway' ? job.request.source.payer : '',
      model: job.request.model,
      config_sha256: sha256Hex('{}'),
      input_sha256: job.request.inputSha256,
      output_sha256: sha256Hex(job.text),
      tokens_prompt: job.result.promptTokens,
      tokens_generated: job.result.generatedTokens,
      price_atomic: `${priceOfTokens(job.result.generatedTokens)}`,
      asset: 'SOL',
      network: 'test-credits',
      seq,
      issued_at: Math.floor(Date.now() / 1000),
      ...change,
    });
  };
  return { ...api, key, calls, capabilities, receiptOf };
}
