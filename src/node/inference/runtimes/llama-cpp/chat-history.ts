import type { ChatHistoryItem, ChatModelFunctionCall } from 'node-llama-cpp';
import { AppError } from '#contract/errors.ts';
import type { ChatMessage } from '#contract/wire/openai.ts';

type ModelItem = Extract<ChatHistoryItem, { type: 'model' }>;

/**
 * OpenAI messages as llama.cpp's history, with an answer at the end for the model to fill: an empty one, or the one whose calls have
 * just been answered. Throws `request/invalid` for a call without its result, or a result without its call.
 */
export function chatHistory(messages: ChatMessage[]): ChatHistoryItem[] {
  const items: ChatHistoryItem[] = [];
  const open = new Map<string, ChatModelFunctionCall>();
  let answer: ModelItem | null = null;
  for (const message of messages) {
    if (message.role === 'tool') {
      const call = open.get(message.toolCallId);
      if (!call) throw wrong(`No call “${message.toolCallId}” waits for a result.`);
      call.result = parsed(message.content);
      open.delete(message.toolCallId);
      continue;
    }
    if (open.size > 0) throw wrong(`The call “${[...open.keys()][0]}” has no result.`);
    if (message.role === 'assistant') {
      const isContinued: boolean = answer !== null && typeof answer.response.at(-1) === 'object';
      if (!answer || !isContinued) {
        answer = { type: 'model', response: [] };
        items.push(answer);
      }
      if (message.content !== '') answer.response.push(message.content);
      for (const { id, name, arguments: args } of message.toolCalls ?? []) {
        const call: ChatModelFunctionCall = {
          type: 'functionCall',
          name,
          params: parsed(args),
          result: undefined,
        };
        answer.response.push(call);
        open.set(id, call);
      }
      continue;
    }
    answer = null;
    items.push(
      message.role === 'user'
        ? { type: 'user', text: message.content }
        : { type: 'system', text: message.content },
    );
  }
  if (open.size > 0) throw wrong(`The call “${[...open.keys()][0]}” has no result.`);
  if (answer === null || typeof answer.response.at(-1) !== 'object')
    items.push({ type: 'model', response: [] });
  return items;
}

/** Models are shown values, not text with quotes in it; what is no JSON stays text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const wrong = (message: string) => new AppError('request/invalid', message, { data: { field: 'messages' } });
