import type { CallInput, CallName, CallOutput } from './calls.ts';
import type { Result } from './result.ts';
import type { StreamData, StreamName } from './streams.ts';

/** Carries the contract between a UI and the host: Electron ports, WebSocket, or memory in tests. */
export interface Transport {
  request(name: string, input: unknown): Promise<Result<unknown>>;
  /** Returns a function that ends the subscription. */
  subscribe(name: string, listener: (data: unknown) => void): () => void;
}

/** The contract with its types, over any transport. */
export interface Client {
  request<N extends CallName>(name: N, input: CallInput<N>): Promise<Result<CallOutput<N>>>;
  subscribe<N extends StreamName>(name: N, listener: (data: StreamData<N>) => void): () => void;
}

/** The receiver has parsed every input and output, so the types hold without a second check. */
export function createClient(transport: Transport): Client {
  return transport as Client;
}

/** Functions of the host's side, over birpc. */
export interface HostFunctions {
  request(name: string, input: unknown): Promise<Result<unknown>>;
  subscribe(name: string): void;
  unsubscribe(name: string): void;
}

/** Functions of the UI's side, over birpc. */
export interface UiFunctions {
  publish(name: string, data: unknown): void;
}
