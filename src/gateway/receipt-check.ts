import { canonicalJson } from '#contract/canonical-json.ts';
import { type ReceiptVerdict, receiptText, type SignedReceipt } from '#contract/wire/receipt.ts';
import type { Books } from './books.ts';
import { verifyText } from './ed25519.ts';

/**
 * Compares a receipt with what was relayed; the first figure that differs is the reason of the dispute. Only a receipt that
 * its own node signed for its own job is to be kept: it is the first and last word on that job.
 */
export function checkReceipt(
  signed: SignedReceipt,
  expected: { nodeId: string; nodeKey: string; gatewayKey: string },
  books: Pick<Books, 'job' | 'answered' | 'isSeqUsed'>,
): { verdict: ReceiptVerdict; isKept: boolean } {
  const { receipt, signature } = signed;
  const relayed = books.job(receipt.request_id);
  const job = relayed?.nodeId === expected.nodeId ? relayed : null;
  const answer = (reason?: string): ReceiptVerdict => ({
    request_id: receipt.request_id,
    verdict: reason === undefined ? 'accepted' : 'disputed',
    ...(reason === undefined ? {} : { reason }),
    owed_lamports: `${job?.owedLamports ?? 0n}`,
    fee_lamports: `${job?.feeLamports ?? 0n}`,
  });
  const turnAway = (reason: string) => ({ verdict: answer(reason), isKept: false });

  if (receipt.node_key !== expected.nodeKey)
    return turnAway('the key is not the one this node registered with');
  if (!verifyText(receiptText(receipt), signature, receipt.node_key))
    return turnAway('the signature is not valid');
  if (!job || receipt.node_id !== expected.nodeId) return turnAway('this node was not sent such a request');
  const before = books.answered(expected.nodeId, receipt.request_id);
  if (before)
    return canonicalJson(before.signed) === canonicalJson(signed)
      ? { verdict: before.verdict, isKept: false }
      : turnAway('another receipt for this request came before');
  if (books.isSeqUsed(receipt.node_key, receipt.seq)) return turnAway(`seq ${receipt.seq} was used before`);

  const figures: [name: string, claimed: string | number, relayed: string | number][] = [
    ['gateway', receipt.gateway, expected.gatewayKey],
    ['payer', receipt.payer, job.payer],
    ['model', receipt.model, job.model],
    ['network', receipt.network, job.network],
    ['asset', receipt.asset, job.asset],
    ['input_sha256', receipt.input_sha256, job.inputSha256],
    ['output_sha256', receipt.output_sha256, job.outputSha256],
    ['tokens_prompt', receipt.tokens_prompt, job.promptTokens],
    ['tokens_generated', receipt.tokens_generated, job.generatedTokens],
    ['cache', receipt.cache ?? 'none', job.isCacheHit ? 'hit' : 'none'],
    ['price_atomic', receipt.price_atomic, `${job.priceLamports}`],
  ];
  const wrong = figures.find(([, claimed, seen]) => claimed !== seen);
  return { verdict: answer(wrong && `${wrong[0]} is ${wrong[1]}, relayed was ${wrong[2]}`), isKept: true };
}
