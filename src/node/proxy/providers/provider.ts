import type { ProviderKind } from '#contract/provider.ts';
import type { TokenUsage } from '#contract/proxy-price.ts';
import type { Feature, GenerateRequest, GenerateResult } from '../../inference/runtime.ts';
import type { Headroom } from './rate-headers.ts';

/** One request to a provider. */
export interface ProviderCall {
  /** What the provider calls the model. */
  model: string;
  request: GenerateRequest;
  /** The client reads as it is written; otherwise the answer may come in one piece. */
  isStreamed: boolean;
  signal: AbortSignal;
  /** A promise asks to wait before more is read: the client reads slowly. */
  onText(text: string): void | Promise<void>;
}

export type OnText = ProviderCall['onText'];

/** A whole answer; its text went to `onText`. */
export interface ProviderAnswer {
  finishReason: Exclude<GenerateResult['finishReason'], 'cancelled'>;
  toolCalls?: NonNullable<GenerateResult['toolCalls']>;
  /** Null where the provider told none, or none that can be true. */
  usage: TokenUsage | null;
}

/**
 * A provider's API in one shape. Each method rejects with an AppError `provider/*`, or `inference/context-too-long`; nothing is
 * tried twice here.
 */
export interface ProviderClient {
  /** What a request may ask for and this API does not have: such a request goes elsewhere. */
  readonly lacks: ReadonlySet<Feature>;
  /** Hints that this API does not have and that are left out; the client is told. */
  readonly drops: ReadonlySet<Feature>;
  generate(call: ProviderCall): Promise<ProviderAnswer>;
  embed(model: string, inputs: string[], signal: AbortSignal): Promise<ProviderVectors>;
  /** The models that the key may use: a call that costs nothing, and so the key's test too. */
  models(signal: AbortSignal): Promise<string[]>;
}

export interface ProviderVectors {
  vectors: number[][];
  usage: TokenUsage | null;
}

export interface ProviderOptions {
  /** Null: the provider's own address. */
  baseUrl: string | null;
  apiKey: string | null;
  fetch: typeof fetch;
}

export type OpenProvider = (options: ProviderOptions) => ProviderClient;

/** Tells what a provider says of its limits, on each answer. */
export type OnHeadroom = (headroom: Headroom) => void;

export const needsKey = (kind: ProviderKind): boolean => kind !== 'ollama' && kind !== 'openai-compatible';
