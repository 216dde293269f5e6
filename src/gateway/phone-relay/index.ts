import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { relayUrlSchema } from '#contract/settings.ts';
import { openPhoneRelay } from './phone-relay.ts';

const { values: flags } = parseArgs({
  options: {
    port: { type: 'string', default: '8117' },
    host: { type: 'string', default: '127.0.0.1' },
    'public-url': { type: 'string' },
    key: { type: 'string' },
    'behind-proxy': { type: 'boolean', default: false },
    pages: { type: 'string', default: 'out/wallet-page' },
    help: { type: 'boolean', default: false },
  },
});

if (flags.help) {
  console.log(`npm run phone-relay -- <flags>: lets wallets on phones answer the desktop app

  --public-url <url>             how phones and apps reach it: https, without a path; needed for anybody but this computer
  --key <text>                   what apps must know, 16 to 64 letters and digits; without it a new one each time
  --port 8117 --host 127.0.0.1   where it listens; a proxy in front that speaks HTTPS keeps the Host header
  --behind-proxy                 that proxy says in X-Forwarded-For who asks
  --pages out/wallet-page        the wallet's page, as "npm run build" makes it`);
  process.exit(0);
}

async function start() {
  const { port, host, pages: pagesDir, 'behind-proxy': behindProxy, 'public-url': url } = flags;
  if (url === undefined && !['127.0.0.1', '::1', 'localhost'].includes(host))
    throw new Error('--public-url is wanted, for phones and apps go by it');
  const key = flags.key ?? randomBytes(18).toString('base64url');
  if (!relayUrlSchema.safeParse(`http://localhost/${key}`).success)
    throw new Error('--key wants 16 to 64 letters, digits, “-” or “_”');
  if (url !== undefined && !relayUrlSchema.safeParse(`${url.replace(/\/$/, '')}/${key}`).success)
    throw new Error(`--public-url wants https and no path, as https://relay.example, not “${url}”`);
  const publicUrl = url === undefined ? null : new URL(url).origin;
  const relay = await openPhoneRelay({ port: Number(port), host, publicUrl, key, pagesDir, behindProxy });
  return { ...relay, address: `${relay.url}/${key}` };
}

const relay = await start().catch((thrown: unknown) => {
  console.error(`The relay did not start: ${thrown instanceof Error ? thrown.message : thrown}`);
  process.exit(1);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void relay.close());
console.log(`Wallets on phones answer over ${relay.url}.
Under Settings, “Relay for a wallet on a phone”: ${relay.address}`);
