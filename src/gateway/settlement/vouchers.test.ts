import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { channelId } from '#contract/settlement/channel-id.ts';
import { openVoucher } from '#contract/settlement/signed-voucher.ts';
import { receiptAnswerSchema } from '#contract/wire/receipt.ts';
import { settlementListSchema } from '#contract/wire/settlement.ts';
import { channelSchema, nativeMint } from '#contract/wire/voucher.ts';
import { createSignedCall } from '#node/link/signed-call.ts';
import { joinScriptedNode } from '#testing/network-node.ts';
import { newKey } from '#testing/scripted-api.ts';
import { createGateway, type Gateway } from '../gateway.ts';

let dataDir: string;
let gateway: Gateway;
const closing: (() => Promise<unknown>)[] = [];
const open = () => createGateway({ port: 0, host: '127.0.0.1', dataDir });
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'vouchers-'));
  gateway = await open();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await gateway.close();
  rmSync(dataDir, { recursive: true });
});

type Node = Awaited<ReturnType<typeof joinNode>>;
async function joinNode(wallet = newKey().publicKey, nodeId?: string) {
  const node = await joinScriptedNode(gateway, {
    ...(nodeId ? { nodeId } : {}),
    capabilities: { wallet_address: wallet },
  });
  closing.push(node.close);
  const channel = channelId({
    gatewayKey: gateway.publicKey,
    payoutWallet: wallet,
    mint: nativeMint,
    epoch: 0n,
  });
  return { ...node, wallet, channel };
}
async function serve(node: Node, count: number) {
  for (let index = 0; index < count; index++)
    await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-payer', 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'scripted', messages: [{ role: 'user', content: `Hello ${index}` }] }),
    }).then((response) => response.json());
  return node.booked.splice(0).map((job) => node.receiptOf(job));
}
const callsOf = (node: Pick<Node, 'key'>) => createSignedCall(gateway.url, node.key, () => Date.now());
const handIn = (node: Node, receipts: unknown[]) =>
  callsOf(node).json(
    { method: 'POST', path: `/nodes/${node.key.nodeId}/receipts`, body: { receipts } },
    receiptAnswerSchema,
  );
const channelOf = (node: Node) =>
  callsOf(node).json({ method: 'GET', path: `/nodes/${node.key.nodeId}/channel` }, channelSchema);
/** 1000 lamports a request and 2 for each of four tokens, less 5 %. */
const net = 958n;

test('accepted receipts have a place in their channel, and the answer’s voucher covers them', async () => {
  const node = await joinNode();
  const receipts = await serve(node, 3);
  const first = await handIn(node, receipts.slice(0, 2));
  expect(first.results.map((one) => one.cumulative_atomic)).toEqual([`${net}`, `${2n * net}`]);
  const terms = openVoucher(first.voucher as never, { signer: gateway.publicKey, channel: node.channel });
  expect(terms.cumulativeAtomic).toBe(2n * net);
  expect(Number(terms.expiresAt)).toBeGreaterThan(Date.now() / 1000 + 20 * 86_400);
  const second = await handIn(node, receipts);
  expect(second.results.map((one) => one.cumulative_atomic)).toEqual([net, 2n * net, 3n * net].map(String));
  expect(await channelOf(node)).toMatchObject({
    channel: node.channel,
    payout: node.wallet,
    epoch: 0,
    accepted_atomic: `${3n * net}`,
    vouchered_atomic: `${3n * net}`,
    settled_atomic: '0',
    latest: second.voucher,
  });
  expect(await node.calls.account()).toMatchObject({
    vouchered_lamports: `${3n * net}`,
    settled_lamports: '0',
  });
  const usage = await (await fetch(`${gateway.url}/analytics/usage?wallet_address=payer`)).json();
  expect(usage).toMatchObject({ vouchered_lamports: `${3n * net}`, settled_lamports: '0' });
});

test('the same receipts have the same answer and voucher, also after a restart', async () => {
  const node = await joinNode();
  const receipts = await serve(node, 2);
  const before = await handIn(node, receipts);
  expect(await handIn(node, receipts)).toEqual(before);
  await gateway.close();
  gateway = await open();
  await createSignedCall(gateway.url, node.key, () => Date.now()).json(
    { method: 'POST', path: '/nodes/register', body: node.capabilities },
    z.unknown(),
  );
  expect(await handIn(node, receipts)).toEqual(before);
});

test('a disputed receipt is in no voucher', async () => {
  const node = await joinNode();
  await serve(node, 0);
  const [honest] = await serve(node, 1);
  await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-payer', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'scripted', messages: [{ role: 'user', content: 'And?' }] }),
  }).then((response) => response.json());
  const [job] = node.booked;
  if (!job) throw new Error('nothing was served');
  const answer = await handIn(node, [node.receiptOf(job, { price_atomic: '5000' }), honest]);
  expect(answer.results.map((one) => [one.verdict, one.cumulative_atomic])).toEqual([
    ['disputed', undefined],
    ['accepted', `${net}`],
  ]);
  expect((await channelOf(node)).vouchered_atomic).toBe(`${net}`);
});

test('two nodes of one wallet share its channel; another wallet has another one', async () => {
  const wallet = newKey().publicKey;
  const one = await joinNode(wallet);
  const mine = await handIn(one, await serve(one, 1));
  await one.calls.deregister();
  const two = await joinNode(wallet);
  const theirs = await handIn(two, await serve(two, 1));
  expect([mine, theirs].map(({ results }) => results[0]?.cumulative_atomic)).toEqual([
    `${net}`,
    `${2n * net}`,
  ]);
  expect(await two.calls.account()).toMatchObject({ vouchered_lamports: `${net}` });
  const moved = newKey().publicKey;
  await callsOf(two).json(
    { method: 'POST', path: '/nodes/register', body: { ...two.capabilities, wallet_address: moved } },
    z.unknown(),
  );
  const after = await handIn(two, await serve(two, 1));
  expect(after.results[0]?.cumulative_atomic).toBe(`${net}`);
  expect(await channelOf(two)).toMatchObject({ payout: moved, vouchered_atomic: `${net}` });
});

test('a channel is its owner’s to see; without a chain nothing was ever paid', async () => {
  const node = await joinNode();
  const info = await (await fetch(gateway.url)).json();
  expect(info).toMatchObject({ extensions: expect.arrayContaining(['vouchers']), network: 'test-credits' });
  expect(info.extensions).not.toContain('settlement');
  const stranger = await joinNode();
  const path = `/nodes/${node.key.nodeId}/channel`;
  await expect(callsOf(stranger).json({ method: 'GET', path }, channelSchema)).rejects.toThrow('own key');
  const list = { method: 'GET', path: `/nodes/${node.key.nodeId}/settlements` };
  expect(await callsOf(node).json(list, settlementListSchema)).toEqual({ settlements: [] });
  const claim = { method: 'POST', path: `/nodes/${node.key.nodeId}/claim` };
  await expect(callsOf(node).json(claim, z.unknown())).rejects.toThrow('test credits');
});
