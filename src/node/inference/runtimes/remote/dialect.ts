import type { Engine } from '#contract/model.ts';
import type {
  EmbedResult,
  Feature,
  GenerateHandlers,
  GenerateRequest,
  GenerateResult,
} from '../../runtime.ts';

/** What a server says of itself when it is ready. Figures that it does not tell are null. */
export interface ServerFacts {
  /** Its name and, where it says, its version. */
  backend: string;
  contextSize: number | null;
  parallelRequests: number | null;
}

/** How one kind of server is spoken to. Every call rejects with an AppError. */
export interface Dialect {
  /** Rejects while the server is not ready. */
  facts(signal: AbortSignal): Promise<ServerFacts>;
  figures(signal: AbortSignal): Promise<Engine['server']>;
  lacks(): ReadonlySet<Feature>;
  generate(
    request: GenerateRequest,
    handlers: GenerateHandlers,
    signal: AbortSignal,
  ): Promise<GenerateResult>;
  embed(inputs: string[], signal: AbortSignal): Promise<EmbedResult>;
}

/** Seconds of silence after which a stream counts as broken off. */
export const streamSilenceMs = 60_000;
