import type { ProviderKind } from '#contract/provider.ts';
import type { OpenProvider, ProviderClient, ProviderOptions } from './provider.ts';

/** The SDKs take their time to load: only those that are used are. */
const loaders: Record<ProviderKind, () => Promise<OpenProvider>> = {
  openai: async () => (await import('./openai/openai.ts')).openOpenAi,
  'openai-compatible': async () => (await import('./openai/openai.ts')).openOpenAiCompatible,
  anthropic: async () => (await import('./anthropic/anthropic.ts')).openAnthropic,
  cohere: async () => (await import('./cohere/cohere.ts')).openCohere,
  ollama: async () => (await import('./ollama/ollama.ts')).openOllama,
};

export const openProvider = async (kind: ProviderKind, options: ProviderOptions): Promise<ProviderClient> =>
  (await loaders[kind]())(options);
