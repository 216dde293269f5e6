import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** A way through to a server that keeps all that its callers send. */
export async function startWireTap(targetUrl: string) {
  const { hostname, port } = new URL(targetUrl);
  const sent: Buffer[] = [];
  const open = new Set<Socket>();
  const server = createServer((caller) => {
    const target = connect(Number(port), hostname);
    for (const socket of [caller, target]) {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      socket.on('error', () => {});
    }
    caller.on('data', (bytes) => sent.push(bytes));
    caller.pipe(target).pipe(caller);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** All bytes of the callers, connection after connection as they came. */
    sent: () => Buffer.concat(sent),
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
