import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { z } from 'zod';
import type { receiptAnswerSchema } from '#contract/wire/receipt.ts';

/** A way through to a gateway that disputes receipts while it is told to, whatever the gateway says to them. */
export async function startDisputingTap(gatewayUrl: string) {
  let disputes = false;
  const server = createServer(async (request, response) => {
    const { 'content-length': _length, connection: _connection, host: _host, ...headers } = request.headers;
    const body = await buffer(request);
    const answer = await fetch(`${gatewayUrl}${request.url}`, {
      method: request.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(body.length > 0 ? { body } : {}),
    });
    let text = await answer.text();
    if (disputes && answer.ok && request.method === 'POST' && request.url?.endsWith('/receipts'))
      text = JSON.stringify(disputed(JSON.parse(text)));
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    dispute(on: boolean) {
      disputes = on;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const disputed = ({ results }: z.infer<typeof receiptAnswerSchema>): z.infer<typeof receiptAnswerSchema> => ({
  results: results.map(({ request_id }) => ({
    request_id,
    verdict: 'disputed',
    reason: 'Nothing of it was relayed.',
    owed_lamports: '0',
    fee_lamports: '0',
  })),
});
