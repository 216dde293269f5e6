import { describe, expect, test, vi } from 'vitest';
import { sha256Hex } from '#node/link/ed25519.ts';
import { eachWithGateway } from '#testing/gateway-stage.ts';
import { newKey } from '#testing/scripted-api.ts';

const stage = eachWithGateway();

describe('receipts', () => {
  async function served() {
    const node = await stage.joinNode();
    await (await stage.chat()).json();
    const [job] = node.booked;
    if (!job) throw new Error('nothing was served');
    return { node, job };
  }

  test('an honest receipt is accepted, also when it comes twice', async () => {
    const { node, job } = await served();
    const receipt = node.receiptOf(job);
    const [first] = await node.calls.receipts([receipt]);
    expect(first).toMatchObject({ verdict: 'accepted', owed_lamports: '958', fee_lamports: '50' });
    expect(await node.calls.receipts([receipt])).toEqual([first]);
    expect(await node.calls.account()).toMatchObject({ receipts_accepted: 1, owed_lamports: '958' });
  });

  test.each([
    ['gateway', { gateway: newKey().publicKey }],
    ['payer', { payer: 'another' }],
    ['model', { model: 'another' }],
    ['network', { network: 'devnet' as const }],
    ['asset', { asset: newKey().publicKey }],
    ['cache', { cache: 'hit' as const }],
    ['input_sha256', { input_sha256: sha256Hex('another') }],
    ['output_sha256', { output_sha256: sha256Hex('another') }],
    ['tokens_prompt', { tokens_prompt: 3 }],
    ['tokens_generated', { tokens_generated: 5 }],
    ['price_atomic', { price_atomic: '999999' }],
  ])('a wrong %s is disputed by name, and stays so', async (name, change) => {
    const { node, job } = await served();
    const [verdict] = await node.calls.receipts([node.receiptOf(job, change)]);
    expect(verdict?.reason).toMatch(new RegExp(`^${name} is `));
    const [again] = await node.calls.receipts([node.receiptOf(job)]);
    expect(again?.reason).toBe('another receipt for this request came before');
    expect(await node.calls.account()).toMatchObject({ receipts_accepted: 0, receipts_disputed: 1 });
  });

  test('a receipt that is not its own node’s word is turned away and blocks nothing', async () => {
    const { node, job } = await served();
    const other = await stage.joinNode();
    const forged = { ...node.receiptOf(job), signature: node.receiptOf(job, { seq: 900 }).signature };
    const reasons = [
      ...(await other.calls.receipts([other.receiptOf(job)])),
      ...(await other.calls.receipts([node.receiptOf(job)])),
      ...(await node.calls.receipts([forged])),
    ].map(({ reason }) => reason);
    expect(reasons).toEqual([
      'this node was not sent such a request',
      'the key is not the one this node registered with',
      'the signature is not valid',
    ]);
    expect((await node.calls.receipts([node.receiptOf(job)]))[0]?.verdict).toBe('accepted');
  });

  test('a sequence number is good once', async () => {
    const { node, job } = await served();
    await node.calls.receipts([node.receiptOf(job, { seq: 1 })]);
    await (await stage.chat()).json();
    const second = node.booked[1];
    if (!second) throw new Error('nothing was served');
    const [verdict] = await node.calls.receipts([node.receiptOf(second, { seq: 1 })]);
    expect(verdict?.reason).toBe('seq 1 was used before');
  });

  test('a receipt that is ahead of the relay waits for an answer', async () => {
    const node = await stage.joinNode({ pace: 'stepped' });
    const answer = stage.chat().then((response) => response.json());
    await vi.waitFor(() => expect(node.started).toHaveLength(1));
    const requestId = node.jobs.jobs()[0]?.id ?? '';
    const early = node.receiptOf({
      request: {
        requestId,
        source: { kind: 'gateway', payer: 'payer', gatewayKey: stage.gateway.publicKey },
        model: 'scripted',
        inputSha256: sha256Hex(''),
      },
      text: '',
      result: { promptTokens: 2, generatedTokens: 0, finishReason: 'stop' },
    } as never);
    expect(await node.calls.receipts([early])).toEqual([]);
    for (let word = 0; word < 4; word += 1) {
      node.next();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await answer;
    const [job] = node.booked;
    if (!job) throw new Error('nothing was served');
    expect((await node.calls.receipts([node.receiptOf(job)]))[0]?.verdict).toBe('accepted');
  });
});
