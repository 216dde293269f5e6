import type { Hono } from 'hono';
import { AppError } from '#contract/errors.ts';
import type { NodeCaller } from '../node-caller.ts';
import type { RegisteredNode } from '../registry.ts';
import type { ChannelBook } from './channel-book.ts';
import type { PayoutWallets } from './payout-wallets.ts';
import type { SettlementEngine } from './settlement-engine.ts';
import type { VoucherDesk } from './voucher-desk.ts';

/** What a node's owner asks about its money: its channel, what was paid, a claim; and takes back the wallet's word. */
export function addSettlementRoutes(
  app: Hono,
  parts: {
    caller: NodeCaller;
    nodes: Map<string, RegisteredNode>;
    channels: ChannelBook;
    vouchers: VoucherDesk;
    wallets: PayoutWallets;
    /** Null without a chain. */
    engine: SettlementEngine | null;
  },
): void {
  const { caller, channels, vouchers } = parts;

  const channelOf = (nodeId: string) => {
    const channel = channels.transaction(() => vouchers.channel(nodeId));
    if (!channel)
      throw new AppError('settlement/not-found', 'This node has no payout wallet, and so no channel.');
    return channel;
  };
  const engineOf = () => {
    if (!parts.engine) throw new AppError('settlement/not-found', 'This gateway pays in test credits.');
    return parts.engine;
  };

  app.get('/nodes/:id/channel', async (context) => {
    const { nodeId } = await caller.owner(context);
    return context.json(channelOf(nodeId));
  });

  app.get('/nodes/:id/settlements', async (context) => {
    const { nodeId } = await caller.owner(context);
    return context.json({ settlements: parts.engine?.list(channels.channelsOf(nodeId)) ?? [] });
  });

  app.post('/nodes/:id/claim', async (context) => {
    const { nodeId } = await caller.owner(context);
    return context.json(await engineOf().claim(channelOf(nodeId).channel));
  });

  app.delete('/nodes/:id/delegation', async (context) => {
    const { nodeId } = await caller.owner(context);
    parts.wallets.end(nodeId);
    parts.nodes.delete(nodeId);
    return context.json({ status: 'revoked' });
  });
}
