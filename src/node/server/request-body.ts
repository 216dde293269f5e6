import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { AppError } from '#contract/errors.ts';

export const mostBodyBytes = 4_000_000;

/** Reads a body of at most 4 MB; stops reading at the limit. Throws `request/too-large` or `queue/client-left`. */
export async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const tooLarge = () =>
    new AppError('request/too-large', `The request is over ${mostBodyBytes / 1e6} MB.`, {
      data: { mostBodyBytes },
    });
  if (Number(request.headers['content-length'] ?? 0) > mostBodyBytes) throw tooLarge();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= mostBodyBytes) return void chunks.push(chunk);
      request.off('data', take).pause();
      reject(tooLarge());
    };
    request.on('data', take);
    request.once('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    const left = () => {
      // A request that was read closes too.
      if (!request.readableEnded)
        reject(
          new AppError('queue/client-left', 'The client closed the connection before the request was whole.'),
        );
    };
    request.once('error', left);
    request.once('close', left);
  });
}

/** Parses JSON against a schema. The error names the first field that is wrong. */
export function parseBody<S extends z.ZodType>(body: Uint8Array, schema: S): z.output<S> {
  const parsed = schema.safeParse(parseJson(body));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys : [];
  const field = [...(issue?.path ?? []), ...unknown.slice(0, 1)].join('.');
  const text =
    unknown.length > 0
      ? `unknown field${unknown.length > 1 ? 's' : ''} ${unknown.join(', ')}`
      : issue?.message;
  throw new AppError('request/invalid', `${field || 'body'}: ${text}`, { data: { field } });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch {
    throw new AppError('request/malformed-json', 'The body is not JSON.');
  }
}
