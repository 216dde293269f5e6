import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createFakeClock } from '#testing/fake-clock.ts';
import { countOwnTraffic, monthOf } from './own-traffic.ts';

const file = () => join(mkdtempSync(join(tmpdir(), 'traffic-')), 'traffic.json');
const channel = async () => (await import('node:diagnostics_channel')).channel('net.client.socket');

/** A connection as Node announces it, with another computer at its end. */
async function announce(remoteAddress: string | undefined) {
  const { EventEmitter } = await import('node:events');
  const socket = Object.assign(new EventEmitter(), {
    remoteAddress,
    localAddress: '192.0.2.10',
    bytesRead: 0,
    bytesWritten: 0,
  });
  (await channel()).publish({ socket: socket as unknown as Socket });
  return socket;
}

test('what goes to other computers counts, both ways, while it goes and when it has ended', async () => {
  const time = createFakeClock();
  const traffic = countOwnTraffic(file(), time.clock);
  const socket = await announce(undefined);
  expect(traffic.monthBytes()).toBe(0);
  socket.remoteAddress = '198.51.100.7';
  socket.emit('connect');
  Object.assign(socket, { bytesRead: 1000, bytesWritten: 200 });
  expect(traffic.monthBytes()).toBe(1200);
  Object.assign(socket, { bytesRead: 5000, remoteAddress: undefined });
  socket.emit('close');
  expect(traffic.monthBytes()).toBe(5200);
  traffic.dispose();
});

test('what stays within this computer does not', async () => {
  const traffic = countOwnTraffic(file(), createFakeClock().clock);
  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '192.0.2.10', undefined]) {
    const socket = await announce(address);
    Object.assign(socket, { bytesRead: 1000 });
    socket.emit('connect');
    expect(traffic.monthBytes()).toBe(0);
    socket.emit('close');
  }
  expect(traffic.monthBytes()).toBe(0);
  traffic.dispose();
});

test('a month outlives a restart, and a new one begins with nothing', () => {
  const path = file();
  const time = createFakeClock();
  writeFileSync(path, JSON.stringify({ month: monthOf(time.clock.now()), bytes: 7e9 }));
  const traffic = countOwnTraffic(path, time.clock);
  expect(traffic.monthBytes()).toBe(7e9);
  time.advance(32 * 86_400_000);
  expect(traffic.monthBytes()).toBe(0);
  traffic.dispose();
  expect(JSON.parse(readFileSync(path, 'utf8')).month).toBe(monthOf(time.clock.now()));
  writeFileSync(path, 'garbage');
  const again = countOwnTraffic(path, time.clock);
  expect(again.monthBytes()).toBe(0);
  again.dispose();
});

const outside = Object.values(networkInterfaces())
  .flat()
  .find((address) => address && !address.internal && address.family === 'IPv4');

test('a real connection is announced, and counted by where it goes', async () => {
  const server = createServer((socket) => socket.end('x'.repeat(10_000)));
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as { port: number };
  const traffic = countOwnTraffic(file(), createFakeClock().clock);
  for (const host of ['127.0.0.1', ...(outside ? [outside.address] : [])])
    await new Promise<void>((resolve) =>
      connect(port, host)
        .resume()
        .once('close', () => resolve()),
    );
  // Both ends are this computer’s own addresses.
  expect(traffic.monthBytes()).toBe(0);
  traffic.dispose();
  await new Promise((resolve) => server.close(resolve));
});
