import { z } from 'zod';
import { AppError, type ErrorCode, errorCodeSchema } from './errors.ts';

/** What a person or a peer is told of a failure. `message` is a sentence with this case's figures. */
export const errorBodySchema = z.object({
  code: errorCodeSchema,
  message: z.string(),
  data: z.record(z.string(), z.json()).optional(),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;

export type Result<T> = { ok: true; data: T } | { ok: false; error: ErrorBody };

export const ok = <T>(data: T): Result<T> => ({ ok: true, data });

export const failure = (error: AppError): { ok: false; error: ErrorBody } => ({
  ok: false,
  error: errorBody(error),
});

export function errorBody(error: AppError): ErrorBody {
  const body: ErrorBody = { code: error.code, message: error.message };
  if (error.data) body.data = error.data;
  return body;
}

/** Turns whatever was thrown into an AppError; an unknown fault becomes `fallback`, its text kept. */
export function toAppError(thrown: unknown, fallback: ErrorCode = 'host/internal'): AppError {
  if (thrown instanceof AppError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new AppError(fallback, message, { cause: thrown });
}

/** Returns the data of a successful result, or throws its error. */
export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.data;
  throw new AppError(
    result.error.code,
    result.error.message,
    result.error.data ? { data: result.error.data } : {},
  );
}
