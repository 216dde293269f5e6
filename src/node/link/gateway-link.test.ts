import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AppError } from '#contract/errors.ts';
import type { LinkState } from '#contract/node-status.ts';
import type { NodeCapabilities } from '#contract/wire/node-capabilities.ts';
import { type Receipt, receiptText } from '#contract/wire/receipt.ts';
import { type Channel, nativeMint } from '#contract/wire/voucher.ts';
import { createGateway, type Gateway } from '#gateway/gateway.ts';
import { createFakeClock } from '#testing/fake-clock.ts';
import { startLiar } from '#testing/lying-gateway.ts';
import { capabilitiesOf } from '#testing/network-node.ts';
import { startPlainGateway } from '#testing/plain-gateway.ts';
import { newKey, startScriptedApi } from '#testing/scripted-api.ts';
import { type NewEntry, openLedger } from '../ledger/ledger.ts';
import { createSignal } from '../signal.ts';
import { sha256Hex } from './ed25519.ts';
import { createGatewayLink } from './gateway-link.ts';

const key = { ...newKey(), nodeId: 'slm-linked' };
let api: Awaited<ReturnType<typeof startScriptedApi>>;
let time: ReturnType<typeof createFakeClock>;
const closing: (() => unknown)[] = [];

function link(url: string, change: Partial<NodeCapabilities> = {}, isHeld = () => false) {
  const state = createSignal<LinkState>({ state: 'off' });
  const ledger = openLedger(':memory:', { clock: time.clock });
  const problems: (AppError | null)[] = [];
  const asks: ({ until: number; reason: string } | null)[] = [];
  const reported: string[] = [];
  const made = createGatewayLink({
    url,
    key,
    clock: time.clock,
    ledger,
    state,
    capabilities: () => capabilitiesOf({ nodeId: key.nodeId, url: api.url }, change),
    health: () => {
      const status = isHeld() ? 'maintenance' : 'online';
      reported.push(status);
      return {
        node_id: key.nodeId,
        status,
        current_load: 0,
        memory_usage: 0.5,
        requests_processed: 0,
      };
    },
    onReceiptProblem: (problem) => problems.push(problem),
    onPauseAsked: (ask) => asks.push(ask),
  });
  closing.push(() => made.stop());
  return { ...made, state, ledger, asks, problems, reported };
}

/** Lets real sockets work until `done` holds. */
const soon = (done: () => void) => vi.waitFor(done, { timeout: 5000, interval: 5 });

/** Wakes the next sleeper, however long it would sleep; returns how long that was. */
async function wakeNext(): Promise<number> {
  await soon(() => expect(time.nextMs()).not.toBeNull());
  const ms = time.nextMs() ?? 0;
  time.advance(ms);
  return ms;
}

function bookedFor(gateway: Pick<Gateway, 'url' | 'publicKey'>): NewEntry {
  const requestId = crypto.randomUUID();
  return {
    at: time.clock.now(),
    requestId,
    gatewayUrl: gateway.url,
    network: 'test-credits',
    model: 'scripted',
    payer: 'payer-wallet',
    promptTokens: 1,
    generatedTokens: 0,
    priceLamports: 1000n,
    feeLamports: 0n,
    durationMs: 1,
    sign(seq) {
      const receipt: Receipt = {
        v: 1,
        request_id: requestId,
        node_id: key.nodeId,
        node_key: key.publicKey,
        gateway: gateway.publicKey,
        payer: 'payer-wallet',
        model: 'scripted',
        config_sha256: sha256Hex('{}'),
        input_sha256: sha256Hex(''),
        output_sha256: sha256Hex(''),
        tokens_prompt: 1,
        tokens_generated: 0,
        price_atomic: '1000',
        asset: 'SOL',
        network: 'test-credits',
        seq,
        issued_at: Math.floor(time.clock.now() / 1000),
      };
      return { receipt, signature: key.sign(receiptText(receipt)) };
    },
  };
}

beforeEach(async () => {
  time = createFakeClock(Date.now());
  api = await startScriptedApi({ gateway: 'plain' });
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await api.close();
});

describe('with a plain gateway', () => {
  let gateway: Awaited<ReturnType<typeof startPlainGateway>>;
  beforeEach(async () => {
    gateway = await startPlainGateway();
    closing.push(() => gateway.close());
  });

  test('registers, and uses no extension', async () => {
    const node = link(gateway.url);
    await node.start();
    expect(node.state.get()).toMatchObject({ state: 'registered', extensions: [], network: null });
    expect(gateway.nodes.get(key.nodeId)).toMatchObject({ endpoint_url: api.url, node_type: 'inference' });
    node.flushReceipts();
    expect(await wakeNext()).toBe(30_000);
    await soon(() => expect(gateway.calls).toContain(`GET /nodes/${key.nodeId}`));
    await node.stop();
    expect(new Set(gateway.calls)).toEqual(
      new Set(['GET /', 'POST /nodes/register', `GET /nodes/${key.nodeId}`]),
    );
  });

  test('serves what it pushes', async () => {
    await link(gateway.url).start();
    const { status, body } = await gateway.infer('scripted', 'What is the capital of France?');
    expect(status).toBe(200);
    expect(body).toMatchObject({ response: 'The capital is Paris.', tokens_generated: 4 });
    expect(api.booked[0]?.request.source).toMatchObject({ kind: 'gateway', payer: 'payer-wallet' });
  });

  test('registers again with a gateway that has forgotten it', async () => {
    const node = link(gateway.url);
    await node.start();
    gateway.nodes.clear();
    await wakeNext();
    await soon(() => expect(gateway.nodes.has(key.nodeId)).toBe(true));
  });

  test('says before registering which figure the machine misses', async () => {
    const hardware = { cpu_cores: 2, ram_gb: 8, storage_gb: 40, network_speed_mbps: 100 };
    await expect(link(gateway.url, { hardware }).start()).rejects.toMatchObject({
      code: 'link/hardware-below-minimum',
      message: 'This computer is below the gateway’s minimum. disk: 40 GB of at least 100 GB.',
    });
    expect(gateway.calls).not.toContain('POST /nodes/register');
  });

  test('tells a refusal in the gateway’s words', async () => {
    await api.close();
    await expect(link(gateway.url).start()).rejects.toMatchObject({
      code: 'link/rejected',
      message: 'The gateway says: Node health check failed',
    });
    api = await startScriptedApi();
  });

  test('reads FastAPI’s list of wrong fields', async () => {
    gateway.answerOddly((response) =>
      response
        .writeHead(422)
        .end(JSON.stringify({ detail: [{ loc: ['body', 'hardware', 'ram_gb'], msg: 'too small' }] })),
    );
    await expect(link(gateway.url).start()).rejects.toThrow('hardware.ram_gb: too small');
  });

  test.each<[name: string, answer: string]>([
    ['a web page', '<html>Welcome to nginx!</html>'],
    ['a list', '[1]'],
    ['an endless answer', 'x'.repeat(1_100_000)],
  ])('keeps trying where %s answers', async (_name, answer) => {
    gateway.answerOddly((response) => response.end(answer));
    const node = link(gateway.url);
    const started = node.start();
    await soon(() =>
      expect(node.state.get()).toMatchObject({ state: 'away', error: { code: 'link/bad-answer' } }),
    );
    gateway.answerOddly(null);
    await wakeNext();
    await started;
    expect(node.state.get().state).toBe('registered');
  });

  test('a gateway that is away is tried ever less often, up to a minute, and found again', async () => {
    const port = Number(new URL(gateway.url).port);
    await gateway.close();
    const node = link(gateway.url);
    const started = node.start();
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 9; attempt += 1) {
      await soon(() =>
        expect(node.state.get()).toMatchObject({ state: 'away', error: { code: 'link/unreachable' } }),
      );
      pauses.push(await wakeNext());
      node.state.set({ state: 'connecting', url: gateway.url });
    }
    pauses.forEach((pause, attempt) => {
      expect(pause).toBeGreaterThanOrEqual(250);
      expect(pause).toBeLessThanOrEqual(Math.min(1000 * 2 ** attempt, 60_000));
    });
    gateway = await startPlainGateway(port);
    await soon(() => expect(node.state.get().state).toBe('away'));
    await wakeNext();
    await started;
    expect(node.state.get().state).toBe('registered');
  });

  test('a gateway that goes away while the node works is told and found again', async () => {
    const node = link(gateway.url);
    await node.start();
    gateway.answerOddly((response) => response.destroy());
    await wakeNext();
    await soon(() => expect(node.state.get().state).toBe('away'));
    gateway.answerOddly(null);
    await wakeNext();
    await soon(() => expect(node.state.get().state).toBe('registered'));
  });
});

describe('with a gateway that speaks the extensions', () => {
  let gateway: Gateway;
  let dataDir: string;
  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'gateway-'));
    gateway = await createGateway({ port: 0, host: '127.0.0.1', dataDir });
    closing.push(async () => {
      await gateway.close();
      rmSync(dataDir, { recursive: true });
    });
  });

  test('leaves when it stops', async () => {
    const node = link(gateway.url);
    await node.start();
    expect(node.state.get()).toMatchObject({ network: 'test-credits' });
    const known = () => fetch(`${gateway.url}/nodes/${key.nodeId}`).then(({ status }) => status);
    expect(await known()).toBe(200);
    expect(await wakeNext()).toBe(50);
    await node.stop();
    expect(await known()).toBe(404);
  });

  test('the gateway’s wish to rest comes with the answer to a report, and goes with it', async () => {
    const node = link(gateway.url);
    await node.start();
    const file = join(dataDir, 'maintenance.json');
    const until = Date.now() + 3_600_000;
    writeFileSync(file, JSON.stringify({ until, reason: 'new disk' }));
    node.reportSoon();
    await soon(() => expect(node.asks).toEqual([{ until, reason: 'new disk' }]));
    rmSync(file);
    node.reportSoon();
    await soon(() => expect(node.asks.at(-1)).toBeNull());
  });

  test('news that come while a report is under way go out right after it', async () => {
    let isHeld = false;
    const node = link(gateway.url, {}, () => {
      if (!isHeld && node.reported.length === 0) queueMicrotask(hold);
      return isHeld;
    });
    const hold = () => {
      isHeld = true;
      node.reportSoon();
    };
    await node.start();
    node.reportSoon();
    await soon(() => {
      time.advance(0);
      expect(node.reported).toEqual(['online', 'maintenance']);
    });
  });

  test('a receipt booked while others are being sent goes at once, not with the next report', async () => {
    const node = link(gateway.url);
    await node.start();
    vi.spyOn(node.ledger, 'unanswered').mockImplementationOnce(() => {
      queueMicrotask(() => {
        node.ledger.append(bookedFor(gateway));
        node.flushReceipts();
      });
      return [];
    });
    expect(await wakeNext()).toBe(50);
    await soon(() => expect(time.nextMs()).toBe(50));
    await wakeNext();
    // The gateway never relayed this request, and says so.
    await soon(() => expect(node.ledger.netByState().disputed).toBe(1000n));
  });

  test.each<[name: string, code: string, lie: (channel: Channel) => unknown]>([
    ['another channel', 'wallet/wrong-channel', (told) => ({ ...told, channel: newKey().publicKey })],
    ['another wallet', 'wallet/wrong-channel', (told) => ({ ...told, payout: newKey().publicKey })],
    ['no channel at all', 'link/bad-answer', () => ({ channel: 'mine' })],
  ])(
    'a gateway that tells of %s is given no receipts, which is said, until it tells the right one',
    async (_name, code, lie) => {
      const liar = await startLiar(gateway.url, (path, answer) =>
        path.endsWith('/channel') ? lie(answer as Channel) : answer,
      );
      closing.push(liar.close);
      const node = link(liar.url);
      await node.start();
      await wakeNext();
      await soon(() => expect(node.problems).toEqual([null]));
      node.ledger.append(bookedFor({ url: liar.url, publicKey: gateway.publicKey }));
      for (const times of [1, 2]) {
        node.reportSoon();
        await soon(() => {
          time.advance(50);
          expect(node.problems.slice(1)).toMatchObject(Array(times).fill({ code }));
        });
      }
      expect(node.ledger.unanswered(liar.url, 10)).toHaveLength(1);
      liar.isHonest = true;
      node.reportSoon();
      await soon(() => {
        time.advance(50);
        expect(node.problems.at(-1)).toBeNull();
      });
      expect(node.ledger.unanswered(liar.url, 10)).toEqual([]);
    },
  );

  test('terms that are refused are not used; those before them stay', async () => {
    const { origin } = new URL(gateway.url);
    let asked: string[] = [];
    const liar = await startLiar(origin, (path, answer) => {
      asked.push(path);
      if (path !== '/') return answer;
      const settlement = {
        ...{ cluster: 'devnet', genesis_hash: newKey().publicKey, treasury: newKey().publicKey, decimals: 9 },
        ...{ mint: nativeMint, threshold_atomic: '1', modes: ['gateway'], settle_window_seconds: 86_400 },
      };
      return { ...(answer as object), settlement };
    });
    closing.push(liar.close);
    const refused = link(liar.url);
    await expect(refused.start()).rejects.toMatchObject({ code: 'chain/wrong-cluster' });
    expect(refused.info.get()).toBeNull();
    refused.flushReceipts();
    expect(asked).toEqual(['/']);

    liar.isHonest = true;
    const node = link(liar.url);
    await node.start();
    const accepted = node.info.get();
    expect(accepted).toMatchObject({ network: 'test-credits' });
    asked = [];
    liar.isHonest = false;
    node.announce();
    await soon(() => {
      time.advance(0);
      expect(node.state.get()).toMatchObject({ state: 'away', error: { code: 'chain/wrong-cluster' } });
    });
    expect(node.info.get()).toBe(accepted);
  });

  test('a clock that is off by an hour is named', async () => {
    time.advance(3_600_000);
    await expect(link(gateway.url).start()).rejects.toMatchObject({ code: 'link/clock-skew' });
  });
});
