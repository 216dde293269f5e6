import { z } from 'zod';
import type { Delegation } from '#contract/wire/delegation.ts';
import {
  nodeAccountSchema,
  type Receipt,
  receiptAnswerSchema,
  receiptText,
  type SignedReceipt,
} from '#contract/wire/receipt.ts';
import { claimAnswerSchema, settlementListSchema } from '#contract/wire/settlement.ts';
import { channelSchema } from '#contract/wire/voucher.ts';
import { sha256Hex } from '#node/link/ed25519.ts';
import { createSignedCall } from '#node/link/signed-call.ts';
import { capabilitiesOf } from './network-node.ts';
import { newKey, startScriptedApi } from './scripted-api.ts';
import type { WalletOwner } from './wallet-owner.ts';

/** 3,000,000 lamports a request and 2 a token; its answers have four. */
const pricing = { per_request: 0.003, per_token: 0.000000002, per_training_round: 0, minimum_payment: 0.001 };
const price = 3_000_008n;
/** What the node has of it after the fee of 5 %. */
export const netOfRequest = price - price / 20n;

/** A node on a scripted runtime whose owner has a wallet; it registers when it is told to. */
export async function startPaidNode(options: {
  owner: WalletOwner;
  gatewayKey: string;
  /** Where the gateway is now. */
  url(): string;
  now(): number;
}) {
  const { owner, now, url } = options;
  const key = newKey();
  const nodeId = `slm-${key.publicKey.slice(0, 8)}`;
  const api = await startScriptedApi({ gatewayPublicKey: options.gatewayKey });
  const calls = () => createSignedCall(url(), { ...key, nodeId }, now);
  const ask = <S extends z.ZodType>(method: string, path: string, answer: S, body?: unknown) =>
    calls().json({ method, path: `/nodes/${nodeId}${path}`, body }, answer);
  const about = () => ({ nodeKey: key.publicKey, nodeId, gatewayOrigin: new URL(url()).origin });
  const idle = {
    node_id: nodeId,
    status: 'online',
    current_load: 0,
    memory_usage: 0.1,
    requests_processed: 1,
  };
  let seq = 0;

  return {
    key,
    nodeId,
    about,
    ask,
    close: api.close,
    delegate: (by = owner, change = {}) => by.delegate(about(), now(), change),
    register(delegation?: Delegation, change: Record<string, unknown> = {}) {
      const body = capabilitiesOf(
        { nodeId, url: api.url },
        { wallet_address: owner.address, pricing, ...(delegation ? { delegation } : {}), ...change },
      );
      return calls().json(
        { method: 'POST', path: '/nodes/register', body },
        z.object({ status: z.string() }),
      );
    },
    health: () => ask('POST', '/health', z.unknown(), idle),
    /** Has clients ask so often; the receipts of what was served. Rejects when the gateway does not answer. */
    async serve(count = 1, network: Receipt['network'] = 'localnet'): Promise<SignedReceipt[]> {
      for (let index = 0; index < count; index++) {
        const response = await fetch(`${url()}/v1/chat/completions`, {
          method: 'POST',
          headers: { authorization: 'Bearer sk-payer', 'content-type': 'application/json' },
          body: JSON.stringify({
            model: 'scripted',
            messages: [{ role: 'user', content: `Question ${seq} ${index}` }],
          }),
        });
        if (!response.ok) throw new Error(`the gateway answered ${response.status}`);
        await response.json();
      }
      return this.receipts(network);
    },
    /** Of what was served and has none yet. */
    receipts(network: Receipt['network'] = 'localnet'): SignedReceipt[] {
      return api.booked.splice(0).map((job) => {
        seq += 1;
        const receipt: Receipt = {
          v: 1,
          request_id: job.request.requestId,
          node_id: nodeId,
          node_key: key.publicKey,
          gateway: options.gatewayKey,
          payer: 'payer',
          model: 'scripted',
          config_sha256: sha256Hex('{}'),
          input_sha256: job.request.inputSha256,
          output_sha256: sha256Hex(job.text),
          tokens_prompt: job.result.promptTokens,
          tokens_generated: job.result.generatedTokens,
          price_atomic: `${price}`,
          asset: 'SOL',
          network,
          seq,
          issued_at: Math.floor(now() / 1000),
        };
        return { receipt, signature: key.sign(receiptText(receipt)) };
      });
    },
    handIn: (receipts: readonly unknown[]) => ask('POST', '/receipts', receiptAnswerSchema, { receipts }),
    account: () => ask('GET', '/account', nodeAccountSchema),
    channel: () => ask('GET', '/channel', channelSchema),
    settlements: async () => (await ask('GET', '/settlements', settlementListSchema)).settlements,
    claim: () => ask('POST', '/claim', claimAnswerSchema),
  };
}
