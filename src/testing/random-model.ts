import { closeSync, openSync, renameSync, writeSync } from 'node:fs';

/** Shape of a llama model with random weights: real speed, no meaning. */
export interface ModelShape {
  embedding: number;
  layers: number;
  feedForward: number;
  heads: number;
  vocabulary: number;
  contextLength: number;
}

/** 134 M parameters, 143 MB as Q8_0. */
export const shape134M: ModelShape = {
  embedding: 768,
  layers: 12,
  feedForward: 2048,
  heads: 12,
  vocabulary: 32_000,
  contextLength: 2048,
};

const type = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const;
const tensorType = { f32: 0, q8: 8 } as const;
const alignment = 32;
const blockValues = 32;
const blockBytes = 34;

const chatTemplate =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

interface Tensor {
  name: string;
  /** Row length first, as ggml counts. */
  dims: number[];
}

/** Writes a GGUF v3 file (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md); the same seed gives the same file. */
export function writeRandomModel(path: string, shape: ModelShape): void {
  const tensors = tensorsOf(shape);
  const header: Buffer[] = [];
  const u32 = (value: number) => header.push(bytes(4, (b) => b.writeUInt32LE(value)));
  const u64 = (value: number) => header.push(bytes(8, (b) => b.writeBigUInt64LE(BigInt(value))));
  const text = (value: string) => {
    const encoded = Buffer.from(value);
    u64(encoded.length);
    header.push(encoded);
  };
  const key = (name: string, kind: number) => {
    text(name);
    u32(kind);
  };
  const keys = metadataOf(shape);
  const { pieces, scores, kinds } = vocabularyOf(shape.vocabulary);

  header.push(Buffer.from('GGUF'));
  u32(3);
  u64(tensors.length);
  u64(keys.length + 3);
  for (const [name, value] of keys) {
    if (typeof value === 'string') {
      key(name, type.string);
      text(value);
    } else if (typeof value === 'boolean') {
      key(name, type.bool);
      header.push(Buffer.from([value ? 1 : 0]));
    } else if (Number.isInteger(value)) {
      key(name, type.u32);
      u32(value);
    } else {
      key(name, type.f32);
      header.push(bytes(4, (b) => b.writeFloatLE(value)));
    }
  }
  const array = (name: string, element: number, length: number) => {
    key(name, type.array);
    u32(element);
    u64(length);
  };
  array('tokenizer.ggml.tokens', type.string, pieces.length);
  for (const piece of pieces) text(piece);
  array('tokenizer.ggml.scores', type.f32, scores.length);
  header.push(Buffer.from(Float32Array.from(scores).buffer));
  array('tokenizer.ggml.token_type', type.i32, kinds.length);
  header.push(Buffer.from(Int32Array.from(kinds).buffer));

  let offset = 0;
  for (const tensor of tensors) {
    text(tensor.name);
    u32(tensor.dims.length);
    for (const dim of tensor.dims) u64(dim);
    u32(tensor.dims.length === 1 ? tensorType.f32 : tensorType.q8);
    u64(offset);
    offset += aligned(sizeOf(tensor));
  }

  const temporary = `${path}.part`;
  const file = openSync(temporary, 'w');
  const head = Buffer.concat(header);
  writeSync(file, head);
  writeSync(file, Buffer.alloc(aligned(head.length) - head.length));
  const random = randomBytes();
  for (const tensor of tensors) {
    const data = tensor.dims.length === 1 ? ones(tensor) : randomBlocks(sizeOf(tensor), random);
    writeSync(file, data);
    writeSync(file, Buffer.alloc(aligned(data.length) - data.length));
  }
  closeSync(file);
  renameSync(temporary, path);
}

function tensorsOf({ embedding: d, layers, feedForward: f, vocabulary }: ModelShape): Tensor[] {
  const tensors: Tensor[] = [
    { name: 'token_embd.weight', dims: [d, vocabulary] },
    { name: 'output_norm.weight', dims: [d] },
    { name: 'output.weight', dims: [d, vocabulary] },
  ];
  for (let layer = 0; layer < layers; layer += 1) {
    const add = (name: string, ...dims: number[]) =>
      tensors.push({ name: `blk.${layer}.${name}.weight`, dims });
    add('attn_norm', d);
    for (const part of ['attn_q', 'attn_k', 'attn_v', 'attn_output']) add(part, d, d);
    add('ffn_norm', d);
    add('ffn_gate', d, f);
    add('ffn_up', d, f);
    add('ffn_down', f, d);
  }
  return tensors;
}

function metadataOf(shape: ModelShape): [string, string | number | boolean][] {
  return [
    ['general.architecture', 'llama'],
    ['general.name', 'random'],
    ['general.file_type', 7],
    ['general.quantization_version', 2],
    ['llama.context_length', shape.contextLength],
    ['llama.embedding_length', shape.embedding],
    ['llama.block_count', shape.layers],
    ['llama.feed_forward_length', shape.feedForward],
    ['llama.attention.head_count', shape.heads],
    ['llama.attention.head_count_kv', shape.heads],
    ['llama.attention.layer_norm_rms_epsilon', 1e-5],
    ['llama.rope.dimension_count', shape.embedding / shape.heads],
    ['llama.vocab_size', shape.vocabulary],
    ['tokenizer.ggml.model', 'llama'],
    ['tokenizer.ggml.pre', 'default'],
    ['tokenizer.ggml.bos_token_id', 1],
    ['tokenizer.ggml.eos_token_id', 2],
    ['tokenizer.ggml.unknown_token_id', 0],
    ['tokenizer.ggml.add_bos_token', true],
    ['tokenizer.ggml.add_eos_token', false],
    ['tokenizer.chat_template', chatTemplate],
  ];
}

/** SentencePiece layout: unknown, start, end, 256 bytes, then made-up words. */
function vocabularyOf(size: number) {
  const pieces = ['<unk>', '<s>', '</s>'];
  const kinds = [2, 3, 3];
  for (let byte = 0; byte < 256; byte += 1) {
    pieces.push(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    kinds.push(6);
  }
  while (pieces.length < size) {
    pieces.push(
      `\u2581${pieces.length.toString(26).replace(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)] ?? '')}`,
    );
    kinds.push(1);
  }
  return { pieces, kinds, scores: pieces.map((_, index) => -index) };
}

const bytes = (length: number, fill: (buffer: Buffer) => void) => {
  const buffer = Buffer.alloc(length);
  fill(buffer);
  return buffer;
};
const aligned = (length: number) => Math.ceil(length / alignment) * alignment;
const valuesOf = (tensor: Tensor) => tensor.dims.reduce((product, dim) => product * dim, 1);
const sizeOf = (tensor: Tensor) =>
  tensor.dims.length === 1 ? valuesOf(tensor) * 4 : (valuesOf(tensor) / blockValues) * blockBytes;
const ones = (tensor: Tensor) => Buffer.from(new Float32Array(valuesOf(tensor)).fill(1).buffer);

/** Blocks of 32 signed bytes after a half-float scale of 2.7e-4, which gives weights a deviation of about 0.02. */
function randomBlocks(length: number, random: () => number): Buffer {
  const buffer = Buffer.alloc(length);
  for (let at = 0; at < length; at += blockBytes) {
    buffer.writeUInt16LE(0x0c6d, at);
    for (let value = 2; value < blockBytes; value += 4) buffer.writeUInt32LE(random(), at + value);
  }
  return buffer;
}

/** xorshift32 (Marsaglia 2003). */
function randomBytes(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}
