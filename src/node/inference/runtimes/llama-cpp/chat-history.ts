import type { ChatHistoryItem } from 'node-llama-cpp';
import type { ChatMessage } from '#contract/wire/openai.ts';

/** OpenAI messages as llama.cpp's history, with an empty answer at the end for the model to fill. */
export function chatHistory(messages: ChatMessage[]): ChatHistoryItem[] {
  const items = messages.map(({ role, content }): ChatHistoryItem => {
    if (role === 'assistant') return { type: 'model', response: [content] };
    if (role === 'user') return { type: 'user', text: content };
    return { type: 'system', text: content };
  });
  return [...items, { type: 'model', response: [] }];
}
