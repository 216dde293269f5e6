import type { z } from 'zod';
import { AppError } from '#contract/errors.ts';

/** A core answer in the shape `{detail}`, which registering nodes expect. */
export class Refusal extends Error {
  readonly status: 400 | 401 | 404 | 422;
  constructor(status: 400 | 401 | 404 | 422, detail: string) {
    super(detail);
    this.status = status;
  }

  /** A refusal whose detail begins with its reason's code. */
  static because(status: 400 | 401, error: AppError): Refusal {
    return new Refusal(status, `${error.code}: ${error.message}`);
  }
}

/** A node's body by its schema; a 422 names the first field that is wrong. */
export function parseForNode<S extends z.ZodType>(schema: S, body: Uint8Array): z.output<S> {
  const parsed = schema.safeParse(json(body));
  if (parsed.success) return parsed.data;
  throw new Refusal(422, firstIssue(parsed.error).text);
}

/** A client's body by its schema. Throws `request/malformed-json` and `request/invalid`. */
export function parseForClient<S extends z.ZodType>(schema: S, body: Uint8Array | ArrayBuffer): z.output<S> {
  const value = json(body);
  if (value === undefined) throw new AppError('request/malformed-json', 'The body is not JSON.');
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { text, field } = firstIssue(parsed.error);
  throw new AppError('request/invalid', text, { data: { field } });
}

function firstIssue(error: z.ZodError): { text: string; field: string } {
  const issue = error.issues[0];
  const field = issue?.path.join('.') || 'body';
  return { field, text: `${field}: ${issue?.message}` };
}

function json(body: Uint8Array | ArrayBuffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}
