import type { SignedReceipt } from '#contract/wire/receipt.ts';
import type { NewEntry } from '#node/ledger/ledger.ts';

/** A job of an inference as it is booked, with 5 % of fees; its receipt's signature is none. */
export function newEntry(
  requestId: string,
  priceLamports: bigint,
  change: { signs?: boolean; payer?: string; network?: NewEntry['network']; gatewayUrl?: string } = {},
): NewEntry {
  const {
    signs = true,
    payer = 'payer',
    network = 'test-credits',
    gatewayUrl = 'http://127.0.0.1:1',
  } = change;
  return {
    at: Date.now(),
    requestId,
    gatewayUrl,
    network,
    model: 'tiny',
    payer,
    promptTokens: 3,
    generatedTokens: 4,
    priceLamports,
    feeLamports: (priceLamports * 5n) / 100n,
    durationMs: 12,
    ...(signs ? { sign: (seq: number) => receiptOf(requestId, seq, priceLamports, payer) } : {}),
  };
}

const receiptOf = (requestId: string, seq: number, price: bigint, payer: string): SignedReceipt => ({
  signature: 's'.repeat(64),
  receipt: {
    v: 1,
    request_id: requestId,
    node_id: 'slm-1',
    node_key: 'k'.repeat(40),
    gateway: 'g'.repeat(40),
    payer,
    model: 'tiny',
    config_sha256: '0'.repeat(64),
    input_sha256: '0'.repeat(64),
    output_sha256: '0'.repeat(64),
    tokens_prompt: 3,
    tokens_generated: 4,
    price_atomic: `${price}`,
    asset: 'SOL',
    network: 'test-credits',
    seq,
    issued_at: 1,
  },
});
