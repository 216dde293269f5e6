import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { PhoneSlot } from '#contract/settlement/phone-mail.ts';
import { walletPageHeaders } from '#contract/wallet-page.ts';
import { createMailboxes, type Mailboxes, mostSealedBytes } from './mailboxes.ts';

const headersTimeoutMs = 5000;
const requestTimeoutMs = 10_000;
const mostConnections = 2000;
const forgetEveryMs = 60_000;
/** A page asks some twenty times, an app that waits once a second. */
const requestsPerMinute = 300;
const questionsPerMinute = 20;

export interface PhoneRelayOptions {
  port: number;
  host: string;
  /** The origin that phones and apps know it by; null: where it listens. */
  publicUrl: string | null;
  /** What apps show to lay down a question: without it anybody could ask whoever trusts this address. */
  key: string;
  /** The page as `build/wallet-page.vite.config.ts` makes it. */
  pagesDir: string;
  /** Whoever asks stands last in `X-Forwarded-For`, which a proxy in front has written. */
  behindProxy: boolean;
  /** Unix ms; tests turn it. */
  now?: () => number;
}

export interface PhoneRelay {
  /** Origin that phones and apps know it by. */
  url: string;
  port: number;
  close(): Promise<void>;
}

/**
 * Serves the wallet's page to phones, and keeps what the page and the app have to say to each other, sealed, for ten minutes.
 * `PUT /mail/{id}` (the app) opens a mailbox, `GET` and `PUT /mail/{id}/{slot}` read and write it once, `DELETE` ends it.
 */
export async function openPhoneRelay(options: PhoneRelayOptions): Promise<PhoneRelay> {
  const pages = readPages(options.pagesDir);
  let origin = options.publicUrl ?? '';
  const mail = createMailboxes(options.now ?? Date.now);
  const forgetting = setInterval(mail.forgetOld, forgetEveryMs).unref();
  const app = routes({ ...options, mail, pages, origin: () => origin });
  const server = await new Promise<Server>((resolve, reject) => {
    const { port, host: hostname } = options;
    const serverOptions = { connectionsCheckingInterval: 1000 };
    const made = serve({ fetch: app.fetch, port, hostname, serverOptions }, () => resolve(made)) as Server;
    made.once('error', reject);
  });
  server.headersTimeout = headersTimeoutMs;
  server.requestTimeout = requestTimeoutMs;
  server.maxConnections = mostConnections;
  const { port } = server.address() as AddressInfo;
  origin ||= `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`;
  return {
    url: origin,
    port,
    close() {
      clearInterval(forgetting);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

interface Page {
  type: string;
  body: Uint8Array<ArrayBuffer>;
}

function readPages(dir: string): Record<'index' | 'script' | 'style', Page> {
  const page = (name: string, type: string) => ({
    body: new Uint8Array(readFileSync(join(dir, name))),
    type: `${type}; charset=utf-8`,
  });
  return {
    index: page('index.html', 'text/html'),
    script: page('page.js', 'text/javascript'),
    style: page('page.css', 'text/css'),
  };
}

function routes(parts: {
  mail: Mailboxes;
  pages: ReturnType<typeof readPages>;
  key: string;
  origin(): string;
  behindProxy: boolean;
}): Hono {
  const { mail, pages } = parts;
  const requests = new RateLimiterMemory({ points: requestsPerMinute, duration: 60 });
  const questions = new RateLimiterMemory({ points: questionsPerMinute, duration: 60 });
  const app = new Hono();
  // A body that breaks off, for one; a stranger is no reason for a log.
  app.onError((_error, c) => c.body(null, 400));

  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(walletPageHeaders)) c.header(name, value);
    if (parts.origin().startsWith('https:')) c.header('strict-transport-security', 'max-age=31536000');
  });
  app.use(async (c, next) => {
    // Not 421, upon which fetch asks once more.
    if (c.req.header('host') !== new URL(parts.origin()).host) return c.body(null, 403);
    if (!(await isWithin(requests, whoAsks(c, parts.behindProxy)))) return c.body(null, 429);
    return next();
  });

  const send = (c: Context, { type, body }: Page) => c.body(body, 200, { 'content-type': type });
  app.get('/page.js', (c) => send(c, pages.script));
  app.get('/page.css', (c) => send(c, pages.style));
  app.get('/w/:id{[A-Za-z0-9_-]{22}}', (c) => send(c, pages.index));

  // Another site's page may lead here, but not speak with a mailbox.
  app.use('/mail/*', async (c, next) => {
    const { origin, 'sec-fetch-site': site } = c.req.header();
    if (origin !== undefined && origin !== parts.origin()) return c.body(null, 403);
    if (site !== undefined && site !== 'same-origin') return c.body(null, 403);
    return next();
  });
  app.use('/mail/*', bodyLimit({ maxSize: mostSealedBytes, onError: (c) => c.body(null, 413) }));
  app.put('/mail/:id{[A-Za-z0-9_-]{22}}', async (c) => {
    const phoneSha256 = c.req.header('x-phone-token-sha256') ?? '';
    const token = bearer(c);
    if (!isSame(c.req.header('x-relay-key') ?? '', parts.key)) return c.body(null, 401);
    if (token === null || !/^[0-9a-f]{64}$/.test(phoneSha256)) return c.body(null, 400);
    if (!(await isWithin(questions, whoAsks(c, parts.behindProxy)))) return c.body(null, 429);
    return status(c, mail.create(c.req.param('id'), { app: token, phoneSha256 }, await bytes(c)));
  });
  app.delete('/mail/:id', (c) => status(c, mail.remove(c.req.param('id'), bearer(c) ?? '')));
  const slot = '/mail/:id/:slot{question|answer|verdict}';
  app.get(slot, (c) => {
    const { id, slot } = c.req.param();
    const found = mail.read(id, slot as PhoneSlot, bearer(c) ?? '');
    return found.sealed
      ? c.body(new Uint8Array(found.sealed), 200, { 'content-type': 'application/octet-stream' })
      : status(c, found.status);
  });
  app.put(slot, async (c) => {
    const { id, slot } = c.req.param();
    return status(c, mail.write(id, slot as PhoneSlot, bearer(c) ?? '', await bytes(c)));
  });
  return app;
}

const status = (c: Context, code: number) => c.newResponse(null, code as 204);
const bytes = async (c: Context) => new Uint8Array(await c.req.arrayBuffer());
const bearer = (c: Context) =>
  /^Bearer ([0-9A-Za-z_-]{22,64})$/.exec(c.req.header('authorization') ?? '')?.[1] ?? null;

const sha256 = (text: string) => createHash('sha256').update(text).digest();
const isSame = (given: string, wanted: string) => timingSafeEqual(sha256(given), sha256(wanted));

const isWithin = (limiter: RateLimiterMemory, who: string): Promise<boolean> =>
  limiter.consume(who).then(
    () => true,
    () => false,
  );

/** The address of whoever asks. */
function whoAsks(c: Context, behindProxy: boolean): string {
  const forwarded = behindProxy ? c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim() : undefined;
  return forwarded ?? c.env.incoming?.socket?.remoteAddress ?? '';
}
