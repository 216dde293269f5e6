import { canonicalJson } from '#contract/canonical-json.ts';
import { AppError } from '#contract/errors.ts';
import { inferenceFeeOf, type Pricing, priceOf } from '#contract/money.ts';
import { quotedPrice } from '#contract/proxy-price.ts';
import { type Receipt, receiptText } from '#contract/wire/receipt.ts';
import type { FinishedJob, JobAccounting } from '../inference/job-request.ts';
import type { Ledger, ProxiedEntry } from '../ledger/ledger.ts';
import { sha256Hex } from './ed25519.ts';
import type { NodeKey } from './node-key.ts';

/** What is known of the gateway that a job came from. */
export interface PayingGateway {
  url: string;
  /** base58; null for a plain gateway. */
  publicKey: string | null;
  network: Receipt['network'] | null;
  /** `SOL` or the mint that it pays with. */
  asset: string;
}

/**
 * Books finished jobs. A gateway with receipts gets one over just what it relayed; a plain gateway pays `per_request` and names
 * nothing, so its jobs are booked as unattributed. The operator's own requests earn nothing.
 */
export function createJobAccounting(options: {
  ledger: Ledger;
  key: NodeKey;
  pricing(): Pricing;
  gateway(): PayingGateway | null;
  /** The serving configuration that the receipt's hash stands for. */
  configuration(model: string): Record<string, unknown>;
  onBooked(): void;
}): JobAccounting {
  return {
    async book(job: FinishedJob) {
      const { source } = job.request;
      const gateway = options.gateway();
      if (source.kind === 'local' || !gateway) return null;
      const { publicKey, network, asset } = gateway;
      const pricing = options.pricing();
      const isPlain = publicKey === null || network === null;
      const priced = {
        generatedTokens: job.result.generatedTokens,
        tipLamports: job.request.tipLamports,
        isCacheHit: job.isCacheHit,
      };
      const own = isPlain
        ? { priceLamports: pricing.perRequestLamports, feeLamports: 0n }
        : { priceLamports: priceOf(pricing, priced), feeLamports: inferenceFeeOf(priceOf(pricing, priced)) };
      const proxied = proxiedEntry(job, pricing.cacheHitPercent);
      const { priceLamports, feeLamports } = proxied ?? own;
      options.ledger.append({
        at: job.finishedAt,
        requestId: job.request.requestId,
        gatewayUrl: gateway.url,
        network: network ?? 'unknown',
        asset,
        model: job.request.model,
        payer: source.payer,
        promptTokens: job.result.promptTokens,
        generatedTokens: job.result.generatedTokens,
        priceLamports,
        feeLamports,
        durationMs: job.finishedAt - job.queuedAt,
        ...(proxied ? { proxied: proxied.entry } : {}),
        ...(isPlain
          ? {}
          : {
              sign: (seq: number) => {
                const receipt: Receipt = {
                  v: 1,
                  request_id: job.request.requestId,
                  node_id: options.key.nodeId,
                  node_key: options.key.publicKey,
                  gateway: publicKey,
                  payer: source.payer,
                  model: job.request.model,
                  config_sha256: sha256Hex(
                    canonicalJson(
                      job.result.proxied
                        ? { target: job.result.proxied.target, quote: job.result.proxied.quote?.version ?? 0 }
                        : options.configuration(job.request.model),
                    ),
                  ),
                  input_sha256: job.request.inputSha256,
                  output_sha256: sha256Hex(job.text),
                  tokens_prompt: job.result.promptTokens,
                  tokens_generated: job.result.generatedTokens,
                  price_atomic: `${priceLamports}`,
                  asset,
                  network,
                  ...(job.isCacheHit ? { cache: 'hit' as const } : {}),
                  seq,
                  issued_at: Math.floor(job.finishedAt / 1000),
                };
                return { receipt, signature: options.key.sign(receiptText(receipt)) };
              },
            }),
      });
      options.onBooked();
      return { priceLamports, feeLamports, netLamports: priceLamports - feeLamports };
    },
  };
}

/** The price of what a provider answered, by the quote that the gateway has too. Null for a job of this computer's own. */
function proxiedEntry({ request, result, isCacheHit }: FinishedJob, cacheHitPercent: bigint) {
  const { proxied } = result;
  if (!proxied) return null;
  const { quote, target, usage, costPicoUsd, isEstimate } = proxied;
  const price =
    quote &&
    quotedPrice(quote, {
      target,
      usage,
      tipLamports: request.tipLamports,
      cacheHitPercent: isCacheHit ? cacheHitPercent : null,
    });
  if (!quote || !price) throw new AppError('proxy/no-price', `${target} was answered without a price.`);
  const { priceLamports, feeLamports, costLamports, commissionLamports } = price;
  const entry: ProxiedEntry = {
    target,
    costPicoUsd: isCacheHit ? 0n : costPicoUsd,
    commissionBasisPoints: quote.commission_basis_points,
    solMicroUsd: quote.sol_micro_usd,
    costLamports,
    commissionLamports,
    isEstimate,
    isCacheHit,
  };
  return { priceLamports, feeLamports, entry };
}
