import type {
  ChatHistoryItem,
  ChatModelFunctions,
  ChatWrapper,
  GbnfJsonSchema,
  LlamaGrammar,
  LlamaModel,
  Token,
} from 'node-llama-cpp';
import { AppError } from '#contract/errors.ts';
import type { AnswerFormat, GenerateRequest, Prompt } from '../../runtime.ts';
import { chatHistory } from './chat-history.ts';
import { anyObject, grammarSchema } from './json-schema.ts';
import { callInstruction, callSchema, functionsOf } from './tool-calls.ts';

type ChatPrompt = Extract<Prompt, { kind: 'chat' }>;

/** A request as the library takes it. `tokens` are the whole prompt's, as they will stand in the sequence. */
export type PromptPlan = { tokens: Token[]; grammar?: LlamaGrammar; isCall: boolean } & (
  | { kind: 'completion'; input: Token[] }
  | { kind: 'chat'; history: ChatHistoryItem[]; functions?: ChatModelFunctions }
);

const mostGrammars = 32;

/** Turns requests into prompts for one model. Throws `request/*` before anything is generated. */
export class Prompts {
  readonly #model: LlamaModel;
  readonly #chatWrapper: ChatWrapper;
  /** Least recently used first. */
  readonly #grammars = new Map<string, LlamaGrammar>();

  constructor(model: LlamaModel, chatWrapper: ChatWrapper) {
    this.#model = model;
    this.#chatWrapper = chatWrapper;
  }

  async plan({ prompt, format }: GenerateRequest): Promise<PromptPlan> {
    if (prompt.kind === 'chat') return this.#chat(prompt, format);
    const startsText = this.#model.tokens.shouldPrependBosToken;
    const input = this.#model.tokenize(prompt.prompt, false, startsText ? 'trimLeadingSpace' : undefined);
    const { bos } = this.#model.tokens;
    const grammar = await this.#grammarOf(format);
    return {
      kind: 'completion',
      input,
      // The library puts the token of beginning before them, where the model has one.
      tokens: startsText && bos !== null ? [bos, ...input] : input,
      isCall: false,
      ...(grammar ? { grammar } : {}),
    };
  }

  async #chat(
    { messages, tools = [], toolChoice = 'auto' }: ChatPrompt,
    format: AnswerFormat | undefined,
  ): Promise<PromptPlan> {
    const history = chatHistory(messages);
    const isCall = tools.length > 0 && (toolChoice === 'required' || typeof toolChoice === 'object');
    if (isCall) {
      const wanted =
        typeof toolChoice === 'object' ? tools.filter(({ name }) => name === toolChoice.name) : tools;
      if (wanted.length === 0)
        throw invalid('tool_choice', 'The tool that must be called is not among the tools.');
      if (format) throw invalid('response_format', 'An answer cannot be a demanded call and have a format.');
      history.unshift({ type: 'system', text: callInstruction(wanted) });
      const grammar = await this.#grammar(callSchema(wanted));
      return { kind: 'chat', history, tokens: this.#tokens(history), isCall, grammar };
    }
    if (tools.length > 0 && toolChoice !== 'none') {
      if (format) throw invalid('response_format', 'Tools and a format cannot be asked for at once here.');
      const functions = functionsOf(tools);
      return { kind: 'chat', history, functions, tokens: this.#tokens(history, functions), isCall };
    }
    const grammar = await this.#grammarOf(format);
    return { kind: 'chat', history, tokens: this.#tokens(history), isCall, ...(grammar ? { grammar } : {}) };
  }

  #tokens(chat: ChatHistoryItem[], functions?: ChatModelFunctions): Token[] {
    const { contextText } = this.#chatWrapper.generateContextState({
      chatHistory: chat,
      ...(functions ? { availableFunctions: functions, documentFunctionParams: true } : {}),
    });
    return contextText.tokenize(this.#model.tokenizer);
  }

  #grammarOf(format: AnswerFormat | undefined): Promise<LlamaGrammar> | undefined {
    if (!format) return undefined;
    return this.#grammar(format.kind === 'json' ? anyObject : grammarSchema(format.schema));
  }

  async #grammar(schema: GbnfJsonSchema): Promise<LlamaGrammar> {
    const key = JSON.stringify(schema);
    const known = this.#grammars.get(key);
    this.#grammars.delete(key);
    const grammar = known ?? (await this.#newGrammar(schema));
    this.#grammars.set(key, grammar);
    const oldest = this.#grammars.keys().next().value;
    if (this.#grammars.size > mostGrammars && oldest !== undefined) this.#grammars.delete(oldest);
    return grammar;
  }

  async #newGrammar(schema: GbnfJsonSchema): Promise<LlamaGrammar> {
    try {
      // The library's type wants a literal schema.
      return await this.#model.llama.createGrammarForJsonSchema(schema as never);
    } catch (cause) {
      throw new AppError('request/unsupported', 'The engine cannot make a grammar of this JSON schema.', {
        cause,
        data: { field: 'response_format' },
      });
    }
  }
}

const invalid = (field: string, message: string) =>
  new AppError('request/invalid', message, { data: { field } });
