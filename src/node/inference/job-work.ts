import { AppError } from '#contract/errors.ts';
import { answerText, vectorsText } from '#contract/wire/receipt.ts';
import type { Choice, FinishedJob, JobHandlers, JobWork } from './job-request.ts';
import type { Feature, GenerateRequest, GenerateResult, Runtime } from './runtime.ts';

/** What doing a job's work gave. */
export type WorkResult = Pick<FinishedJob, 'choices' | 'vectors' | 'text' | 'result'>;

export interface WorkHandlers extends Pick<JobHandlers, 'onText' | 'onRoute'> {
  onStart(promptTokens: number): void;
  /** Tokens that all choices together have generated so far. */
  onTokens(generatedTokens: number): void;
}

/** What a request asks for that not every runtime has. */
export function wantedFeatures(work: JobWork): Feature[] {
  if (work.kind === 'embed') return ['embeddings'];
  const { prompt, sampling, format } = work.request;
  const wanted: Feature[] = [prompt.kind];
  if (prompt.kind === 'chat') {
    if ((prompt.tools?.length ?? 0) > 0) wanted.push('tools');
    if (prompt.messages.some((one) => 'parts' in one)) wanted.push('images');
    if ((prompt.toolChoice ?? 'auto') !== 'auto') wanted.push('tool-choice');
  }
  if (format) wanted.push('json-schema');
  if (format?.kind === 'json') wanted.push('json');
  if (sampling.logitBias !== undefined) wanted.push('logit-bias');
  if (sampling.minP !== undefined) wanted.push('min-p');
  if (sampling.topK !== undefined) wanted.push('top-k');
  if (sampling.seed !== undefined) wanted.push('seed');
  if (sampling.frequencyPenalty !== undefined || sampling.presencePenalty !== undefined)
    wanted.push('penalties');
  return wanted;
}

function checkFeatures(work: JobWork, runtime: Pick<Runtime, 'name' | 'lacks'>): void {
  const lacks = runtime.lacks();
  if (lacks.size === 0) return;
  const lacking = wantedFeatures(work).filter((feature) => lacks.has(feature));
  if (lacking.length > 0)
    throw new AppError(
      'request/unsupported',
      `This model runs on ${runtime.name}, which lacks: ${lacking.join(', ')}.`,
      {
        data: { lacking },
      },
    );
}

/** What work needs of a runtime. */
export type WorkRuntime = Pick<Runtime, 'name' | 'lacks' | 'generate' | 'embed'>;

/** Does a job's work on a loaded model. Its choices are generated side by side; one that fails ends the others. */
export async function doWork(
  work: JobWork,
  runtime: WorkRuntime,
  handlers: WorkHandlers,
  signal: AbortSignal,
): Promise<WorkResult> {
  checkFeatures(work, runtime);
  if (work.kind === 'embed') {
    const { vectors, promptTokens, proxied } = await runtime.embed(work.inputs, signal);
    if (proxied) handlers.onRoute?.({ target: proxied.target, dropped: [] });
    handlers.onStart(promptTokens);
    const result = {
      promptTokens,
      cachedTokens: 0,
      generatedTokens: 0,
      finishReason: 'stop' as const,
      ...(proxied ? { proxied } : {}),
    };
    return { choices: [], vectors, text: vectorsText(vectors), result };
  }
  const counts = new Array<number>(work.choices).fill(0);
  const failed = new AbortController();
  const ended = work.choices === 1 ? signal : AbortSignal.any([signal, failed.signal]);
  const generate = async (index: number): Promise<{ choice: Choice; result: GenerateResult }> => {
    let text = '';
    const result = await runtime.generate(
      choiceRequest(work.request, index),
      {
        ...(index === 0 ? { onStart: handlers.onStart } : {}),
        ...(handlers.onRoute ? { onRoute: handlers.onRoute } : {}),
        onText: (piece, generatedTokens) => {
          text += piece;
          counts[index] = generatedTokens;
          handlers.onTokens(sum(counts));
          return handlers.onText?.(piece, index);
        },
      },
      ended,
    );
    const { finishReason, toolCalls } = result;
    return { choice: { text, finishReason, ...(toolCalls ? { toolCalls } : {}) }, result };
  };
  const generations = Array.from({ length: work.choices }, (_, index) => generate(index));
  try {
    const done = await Promise.all(generations);
    const choices = done.map(({ choice }) => choice);
    return { choices, vectors: [], text: answerText(choices), result: together(done) };
  } catch (thrown) {
    failed.abort();
    await Promise.allSettled(generations);
    throw thrown;
  }
}

/** One seed for all choices would make them all the same. */
function choiceRequest(request: GenerateRequest, index: number): GenerateRequest {
  const { seed } = request.sampling;
  return index === 0 || seed === undefined
    ? request
    : { ...request, sampling: { ...request.sampling, seed: seed + index } };
}

function together(done: { result: GenerateResult }[]): GenerateResult {
  const results = done.map(({ result }) => result);
  const cancelled = results.find(({ finishReason }) => finishReason === 'cancelled');
  const { promptTokens, cachedTokens, finishReason, proxied } = results[0] as GenerateResult;
  return {
    promptTokens,
    cachedTokens,
    generatedTokens: sum(results.map(({ generatedTokens }) => generatedTokens)),
    finishReason: cancelled ? 'cancelled' : finishReason,
    // A proxied job has one choice.
    ...(proxied ? { proxied } : {}),
  };
}

const sum = (counts: number[]): number => counts.reduce((total, count) => total + count, 0);
