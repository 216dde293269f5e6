import { existsSync } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import type { ModelFacts } from '../../runtime.ts';

/** What of `config.json` matters here; the field names differ between architectures. */
const configSchema = z.looseObject({
  model_type: z.string(),
  architectures: z.array(z.string()).optional(),
  max_position_embeddings: z.int().positive().optional(),
  n_positions: z.int().positive().optional(),
  num_hidden_layers: z.int().positive().optional(),
  num_key_value_heads: z.int().positive().optional(),
  num_attention_heads: z.int().positive().optional(),
  hidden_size: z.int().positive().optional(),
});
export type ModelConfig = z.infer<typeof configSchema>;

/** Weights' precision by the ending that transformers.js gives its files; the first that is there is used. */
const precisions = [
  ['q4', '_q4'],
  ['q4f16', '_q4f16'],
  ['q8', '_quantized'],
  ['int8', '_int8'],
  ['uint8', '_uint8'],
  ['fp16', '_fp16'],
  ['fp32', ''],
] as const;
export type Precision = (typeof precisions)[number][0];

const defaultContext = 512;
/** ONNX Runtime's own, with its copy of the weights. */
const runtimeBytes = 200e6;

export interface OnnxFolder {
  config: ModelConfig;
  precision: Precision;
  contextLength: number;
  isCausal: boolean;
  hasChatTemplate: boolean;
  weightBytes: number;
}

/** Reads a folder as transformers.js loads it. Throws `models/not-a-model` or `models/truncated`. */
export async function readOnnxFolder(path: string): Promise<OnnxFolder> {
  const config = configSchema.safeParse(await json(join(path, 'config.json')));
  if (!config.success) throw noModel('config.json is missing, or not a model’s');
  const tokenizer = await json(join(path, 'tokenizer.json'));
  if (tokenizer === null) throw noModel('tokenizer.json is missing or cut off');
  const files = await readdir(join(path, 'onnx')).catch((): string[] => []);
  const found = precisions.find(([, ending]) => files.includes(`model${ending}.onnx`));
  if (!found) throw noModel('there is no onnx/model.onnx in it');
  const [precision, ending] = found;
  const stem = `model${ending}.onnx`;
  await checkWhole(join(path, 'onnx', stem));
  let weightBytes = 0;
  for (const file of files)
    if (file.startsWith(stem)) weightBytes += (await stat(join(path, 'onnx', file))).size;
  const { max_position_embeddings, n_positions, architectures } = config.data;
  const template = z
    .looseObject({ chat_template: z.unknown() })
    .safeParse(await json(join(path, 'tokenizer_config.json')));
  return {
    config: config.data,
    precision,
    contextLength: max_position_embeddings ?? n_positions ?? defaultContext,
    isCausal: architectures?.some((name) => name.endsWith('ForCausalLM')) ?? false,
    hasChatTemplate:
      typeof template.data?.chat_template === 'string' || existsSync(join(path, 'chat_template.jinja')),
    weightBytes,
  };
}

export async function inspectOnnxFolder(path: string, name: string): Promise<ModelFacts> {
  const { config, precision, contextLength, hasChatTemplate, weightBytes } = await readOnnxFolder(path);
  const { num_hidden_layers = 0, hidden_size = 0, num_attention_heads = 1 } = config;
  const heads = config.num_key_value_heads ?? num_attention_heads;
  // Keys and values in 32 bits, for the one request that is generated at a time.
  const cacheBytes = 2 * num_hidden_layers * heads * (hidden_size / num_attention_heads) * 4 * contextLength;
  return {
    name,
    architecture: config.model_type,
    parameters: null,
    quantization: precision.toUpperCase(),
    contextLength,
    hasChatTemplate,
    needsRamBytes: Math.round(weightBytes * 1.2 + cacheBytes + runtimeBytes),
    needsGpuBytes: 0,
  };
}

/** Walks an ONNX file's outermost fields (protobuf), whose lengths tell whether it ends where it should. */
async function checkWhole(path: string): Promise<void> {
  const { size } = await stat(path);
  const file = await open(path);
  try {
    const head = Buffer.alloc(20);
    let position = 0;
    let fields = 0;
    while (position < size) {
      const { bytesRead } = await file.read(head, 0, head.length, position);
      const [tag, afterTag] = varint(head, 0, bytesRead);
      const wireType = tag & 7;
      const [value, afterValue] = varint(head, afterTag, bytesRead);
      if (fields === 0 && (wireType !== 0 || tag >> 3 !== 1)) throw noModel('its ONNX file is none');
      if (wireType === 2) position += afterValue + value;
      else if (wireType === 0) position += afterValue;
      else if (wireType === 5) position += afterTag + 4;
      else if (wireType === 1) position += afterTag + 8;
      else throw noModel('its ONNX file is none');
      fields += 1;
    }
    if (position !== size || fields === 0)
      throw new AppError('models/truncated', 'The ONNX file is cut off.', {
        data: { sizeBytes: size, endBytes: position },
      });
  } finally {
    await file.close();
  }
}

/** A protobuf variable-length integer and where it ends. */
function varint(bytes: Buffer, start: number, end: number): [value: number, next: number] {
  let value = 0;
  for (let index = start; index < Math.min(end, start + 10); index += 1) {
    const byte = bytes[index] ?? 0;
    value += (byte & 127) * 2 ** (7 * (index - start));
    if (byte < 128) return [value, index + 1];
  }
  return [Number.MAX_SAFE_INTEGER, end];
}

async function json(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}

const noModel = (why: string) =>
  new AppError('models/not-a-model', `The folder is no model for Transformers: ${why}.`);
