import { Agent, request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Passes requests on and answers back, and does nothing else: the least that a process in between can cost on this machine. */
const target = new URL(process.argv[2] ?? '');
const agent = new Agent({ keepAlive: true });
const server = createServer((request, response) => {
  const { method, url, headers } = request;
  const onward = ask(
    { agent, hostname: target.hostname, port: target.port, method, path: url, headers },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  request.pipe(onward);
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit(0));
