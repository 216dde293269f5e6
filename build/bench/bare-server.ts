import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Refuses each request once it is read. Says its port to its parent, and ends with it. */
const server = createServer((request, response) => {
  request.resume();
  request.once('end', () => {
    response.statusCode = 503;
    response.end('{}');
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit(0));
