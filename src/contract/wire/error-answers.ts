import type { z } from 'zod';
import type { AppError } from '../errors.ts';
import type { coreErrorNames } from './inference.ts';
import type { openAiErrorSchema } from './openai.ts';

/** An error as the OpenAI routes answer it: `code` is ours, `type` OpenAI's family. */
export function openAiError(error: AppError): z.infer<typeof openAiErrorSchema> {
  const param = error.data?.field;
  return {
    error: {
      message: error.message,
      type: openAiType(error.status),
      code: error.code,
      param: typeof param === 'string' ? param : null,
    },
  };
}

function openAiType(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 429) return 'rate_limit_error';
  if (status >= 500) return 'server_error';
  return 'invalid_request_error';
}

/** An error as the network's core routes answer it: `{error, message, details}`, our code in the details. */
export function coreError(error: AppError): {
  error: (typeof coreErrorNames)[number];
  message: string;
  details: Record<string, unknown>;
} {
  return {
    error: coreName(error.status),
    message: error.message,
    details: { code: error.code, ...error.data },
  };
}

function coreName(status: number): (typeof coreErrorNames)[number] {
  if (status === 401) return 'unauthorized';
  if (status === 402) return 'insufficient_funds';
  if (status === 404) return 'not_found';
  if (status === 429) return 'rate_limited';
  if (status === 503) return 'no_nodes_available';
  if (status >= 500 && status !== 504) return 'internal_error';
  return 'invalid_request';
}
