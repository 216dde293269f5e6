import { type ReceiptVerdict, receiptText, type SignedReceipt } from '#contract/wire/receipt.ts';
import type { Books } from './books.ts';
import { verifyText } from './ed25519.ts';

/** Compares a receipt with what was relayed. The first figure that differs is the reason of the dispute. */
export function checkReceipt(
  signed: SignedReceipt,
  expected: { nodeId: string; nodeKey: string; gatewayKey: string },
  books: Pick<Books, 'job' | 'lastSeq'>,
): ReceiptVerdict {
  const { receipt, signature } = signed;
  const job = books.job(receipt.request_id);
  const answer = (reason?: string): ReceiptVerdict => ({
    request_id: receipt.request_id,
    verdict: reason === undefined ? 'accepted' : 'disputed',
    ...(reason === undefined ? {} : { reason }),
    owed_lamports: `${job && job.nodeId === expected.nodeId ? job.owedLamports : 0n}`,
    fee_lamports: `${job && job.nodeId === expected.nodeId ? job.feeLamports : 0n}`,
  });
  if (receipt.node_key !== expected.nodeKey)
    return answer('the key is not the one this node registered with');
  if (!verifyText(receiptText(receipt), signature, receipt.node_key))
    return answer('the signature is not valid');
  if (!job || job.nodeId !== expected.nodeId || receipt.node_id !== expected.nodeId)
    return answer('this node was not sent such a request');
  const lastSeq = books.lastSeq(receipt.node_key);
  if (receipt.seq <= lastSeq) return answer(`seq is ${receipt.seq}, after ${lastSeq}`);
  const figures: [name: string, claimed: string | number, relayed: string | number][] = [
    ['gateway', receipt.gateway, expected.gatewayKey],
    ['payer', receipt.payer, job.payer],
    ['model', receipt.model, job.model],
    ['network', receipt.network, 'test-credits'],
    ['input_sha256', receipt.input_sha256, job.inputSha256],
    ['output_sha256', receipt.output_sha256, job.outputSha256],
    ['tokens_prompt', receipt.tokens_prompt, job.promptTokens],
    ['tokens_generated', receipt.tokens_generated, job.generatedTokens],
    ['price_atomic', receipt.price_atomic, `${job.priceLamports}`],
  ];
  const wrong = figures.find(([, claimed, relayed]) => claimed !== relayed);
  return answer(wrong && `${wrong[0]} is ${wrong[1]}, relayed was ${wrong[2]}`);
}
