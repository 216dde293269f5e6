import { randomUUID } from 'node:crypto';
import type { ChatModelFunctions, GbnfJsonSchema } from 'node-llama-cpp';
import type { Tool, ToolCall } from '#contract/wire/openai.ts';
import { grammarSchema } from './json-schema.ts';

export const toolCall = (name: string, params: unknown): ToolCall => ({
  id: `call_${randomUUID().replaceAll('-', '')}`,
  name,
  arguments: JSON.stringify(params ?? {}),
});

/** Tools as the library's functions, which the model may call or not. */
export function functionsOf(tools: Tool[]): ChatModelFunctions {
  return Object.fromEntries(
    tools.map(({ name, description, parameters }) => [
      name,
      { ...(description ? { description } : {}), params: grammarSchema(parameters) },
    ]),
  );
}

/** What an answer that must be a call is: a name and the arguments for it. */
export function callSchema(tools: Tool[]): GbnfJsonSchema {
  return {
    oneOf: tools.map(({ name, parameters }) => ({
      type: 'object',
      properties: { name: { const: name }, arguments: grammarSchema(parameters) },
    })),
  } as GbnfJsonSchema;
}

/** Told to the model before an answer that must be a call. */
export function callInstruction(tools: Tool[]): string {
  const list = tools.map((tool) => JSON.stringify(tool)).join('\n');
  return `Call one of these functions:\n${list}\nAnswer with only {"name": …, "arguments": {…}}.`;
}

/** The call that an answer made under `callSchema` is; none where it was cut off. */
export function demandedCall(text: string): ToolCall[] {
  try {
    const { name, arguments: params } = JSON.parse(text) as { name: string; arguments: unknown };
    return [toolCall(name, params)];
  } catch {
    return [];
  }
}
