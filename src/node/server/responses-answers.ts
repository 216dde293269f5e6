import type { Usage } from '#contract/wire/openai.ts';
import { inputMessages, type ResponsesRequest } from '#contract/wire/responses.ts';
import type { Choice, JobOutcome } from '../inference/job-request.ts';
import type { AnswerFormat, GenerateRequest } from '../inference/runtime.ts';
import { defaultTemperature, type Frames, usageOf } from './openai-answers.ts';

export function responsesRequest(body: ResponsesRequest): GenerateRequest {
  const { tools, tool_choice: choice } = body;
  const format = formatOf(body.text?.format);
  return {
    prompt: {
      kind: 'chat',
      messages: inputMessages(body),
      ...(tools && tools.length > 0
        ? {
            tools: tools.map(({ name, description, parameters }) => ({
              name,
              ...(description ? { description } : {}),
              parameters: parameters ?? { type: 'object', properties: {} },
            })),
          }
        : {}),
      ...(choice ? { toolChoice: typeof choice === 'string' ? choice : { name: choice.name } } : {}),
    },
    sampling: {
      temperature: body.temperature ?? defaultTemperature,
      ...(body.top_p == null ? {} : { topP: body.top_p }),
    },
    maxTokens: body.max_output_tokens ?? null,
    stop: [],
    ...(format ? { format } : {}),
    ...(body.stream ? { isStreamed: true } : {}),
    isResponses: true,
  };
}

function formatOf(format: NonNullable<ResponsesRequest['text']>['format']): AnswerFormat | null {
  if (format?.type === 'json_object') return { kind: 'json' };
  return format?.type === 'json_schema' ? { kind: 'json-schema', schema: format.schema } : null;
}

const messageItem = (id: string, text: string | null) => ({
  type: 'message',
  id: `msg_${id}`,
  role: 'assistant',
  status: text === null ? 'in_progress' : 'completed',
  content: text === null ? [] : [textPart(text)],
});
const textPart = (text: string) => ({ type: 'output_text', text, annotations: [] });
const callItems = (id: string, { toolCalls = [] }: Choice) =>
  toolCalls.map((call, index) => ({
    type: 'function_call',
    id: `fc_${id}_${index}`,
    call_id: call.id,
    name: call.name,
    arguments: call.arguments,
    status: 'completed',
  }));

const wireUsage = ({ prompt_tokens, completion_tokens, total_tokens, ...details }: Usage) => ({
  input_tokens: prompt_tokens,
  input_tokens_details: { cached_tokens: details.prompt_tokens_details?.cached_tokens ?? 0 },
  output_tokens: completion_tokens,
  output_tokens_details: { reasoning_tokens: details.completion_tokens_details?.reasoning_tokens ?? 0 },
  total_tokens,
});

/** A response in OpenAI's shape; without a choice it has only begun. */
function response(id: string, model: string, choice: Choice | null, usage: Usage | null) {
  const isCut = choice?.finishReason === 'length';
  return {
    id,
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    model,
    status: choice === null ? 'in_progress' : isCut ? 'incomplete' : 'completed',
    error: null,
    incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
    output: choice ? [...(choice.text ? [messageItem(id, choice.text)] : []), ...callItems(id, choice)] : [],
    parallel_tool_calls: true,
    tool_choice: 'auto',
    tools: [],
    instructions: null,
    metadata: {},
    usage: usage && wireUsage(usage),
  };
}

/** A whole answer of the Responses API. */
export const responsesAnswer = ({
  request,
  choices,
  result,
}: Pick<JobOutcome, 'request' | 'choices' | 'result'>) =>
  response(request.requestId, request.model, choices[0] ?? null, usageOf(result));

/** The events of one stream of the Responses API. */
export function responsesFrames(id: string, model: string): Frames {
  let sequence = 0;
  let isTextOpen = false;
  const event = (type: string, data: object) => {
    const frame = `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence, ...data })}\n\n`;
    sequence += 1;
    return frame;
  };
  const place = { item_id: `msg_${id}`, output_index: 0, content_index: 0 };

  function textEnd({ text }: Choice): string {
    if (!isTextOpen) return '';
    return (
      event('response.output_text.done', { ...place, text, logprobs: [] }) +
      event('response.content_part.done', { ...place, part: textPart(text) }) +
      event('response.output_item.done', { output_index: 0, item: messageItem(id, text) })
    );
  }

  return {
    first: () =>
      event('response.created', { response: response(id, model, null, null) }) +
      event('response.in_progress', { response: response(id, model, null, null) }),
    text(text) {
      const opening = isTextOpen
        ? ''
        : event('response.output_item.added', { output_index: 0, item: messageItem(id, null) }) +
          event('response.content_part.added', { ...place, part: textPart('') });
      isTextOpen = true;
      return opening + event('response.output_text.delta', { ...place, delta: text, logprobs: [] });
    },
    finish([choice]) {
      if (!choice) return '';
      const first = isTextOpen ? 1 : 0;
      const calls = callItems(id, choice).map((item, index) => {
        const at = { item_id: item.id, output_index: first + index };
        return (
          event('response.output_item.added', {
            output_index: at.output_index,
            item: { ...item, arguments: '', status: 'in_progress' },
          }) +
          event('response.function_call_arguments.delta', { ...at, delta: item.arguments }) +
          event('response.function_call_arguments.done', {
            ...at,
            name: item.name,
            arguments: item.arguments,
          }) +
          event('response.output_item.done', { output_index: at.output_index, item })
        );
      });
      return textEnd(choice) + calls.join('');
    },
    usage(usage, [choice]) {
      const type = choice?.finishReason === 'length' ? 'response.incomplete' : 'response.completed';
      return event(type, { response: response(id, model, choice ?? null, usage) });
    },
    done: '',
    error: (error) => event('error', { ...(error as { error: object }).error, type: 'error' }),
    keepAlive: ': waiting\n\n',
  };
}
