import { stat } from 'node:fs/promises';
import { type GgufFileInfo, GgufInsights, type Llama, readGgufFileInfo } from 'node-llama-cpp';
import { AppError } from '#contract/errors.ts';
import type { LoadOptions, ModelFacts } from '../../runtime.ts';

/** Context that `auto` gives at most: more costs memory that few requests use. */
export const mostAutoContext = 4096;
export const mostAutoParallel = 8;

/** Reads a GGUF file's own word on itself and estimates its memory. Throws `models/*`. */
export async function inspectModel(
  llama: Llama,
  path: string,
  options: Pick<LoadOptions, 'contextSize' | 'parallelRequests' | 'gpu'>,
): Promise<ModelFacts> {
  const sizeBytes = (await stat(path)).size;
  const info = await readInfo(path);
  const { architecture, name } = info.metadata.general;
  const endBytes = tensorEnd(info);
  if (endBytes > sizeBytes)
    throw new AppError(
      'models/truncated',
      `The file has ${format(sizeBytes)} of ${format(endBytes)}: it is cut off.`,
      { data: { sizeBytes, endBytes } },
    );
  const insights = await GgufInsights.from(info, llama);
  if (insights.isSupportedByLlamaCpp === false || !architecture || insights.totalLayers < 1)
    throw new AppError(
      'models/unknown-architecture',
      `The architecture “${architecture}” is not known here.`,
      {
        data: { architecture: String(architecture) },
      },
    );
  const contextLength = insights.trainContextSize ?? mostAutoContext;
  const contextSize =
    options.contextSize === 'auto' ? Math.min(contextLength, mostAutoContext) : options.contextSize;
  const sequences = options.parallelRequests === 'auto' ? 4 : options.parallelRequests;
  const gpuLayers = llama.gpu !== false && options.gpu === 'auto' ? insights.totalLayers : 0;
  const model = await insights.estimateModelResourceRequirementsV2({ gpuLayers });
  const context = await insights.estimateContextResourceRequirementsV2({
    contextSize,
    modelGpuLayers: gpuLayers,
    sequences,
    batchSize: 512,
  });
  return {
    name: name ?? architecture,
    architecture,
    parameters: insights.totalParameters ?? null,
    quantization: quantizationOf(path),
    contextLength,
    hasChatTemplate: typeof info.metadata.tokenizer?.chat_template === 'string',
    needsRamBytes: model.cpuRam + context.cpuRam,
    needsGpuBytes: model.gpuVram + context.gpuVram,
  };
}

async function readInfo(path: string): Promise<GgufFileInfo> {
  try {
    return await readGgufFileInfo(path, { readTensorInfo: true, logWarnings: false });
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    if (/magic|not a gguf/i.test(text))
      throw new AppError('models/not-gguf', 'The file does not begin as a GGUF file does.', { cause });
    throw new AppError('models/truncated', 'The file ends before its own table of contents does.', { cause });
  }
}

/** Bytes of a block and values in it, for each ggml tensor type that files use. */
const blockOf: Record<number, [bytes: number, values: number]> = {
  0: [4, 1],
  1: [2, 1],
  2: [18, 32],
  3: [20, 32],
  6: [22, 32],
  7: [24, 32],
  8: [34, 32],
  9: [36, 32],
  10: [84, 256],
  11: [110, 256],
  12: [144, 256],
  13: [176, 256],
  14: [210, 256],
  15: [292, 256],
  16: [66, 256],
  17: [74, 256],
  18: [98, 256],
  19: [50, 256],
  20: [18, 32],
  21: [110, 256],
  22: [82, 256],
  23: [136, 256],
  24: [1, 1],
  25: [2, 1],
  26: [4, 1],
  27: [8, 1],
  28: [8, 1],
  29: [56, 256],
  30: [2, 1],
  39: [17, 32],
};

/** Where the last tensor ends, in bytes from the file's start; 0 when the file does not tell. */
function tensorEnd(info: GgufFileInfo): number {
  let end = 0;
  for (const tensor of info.fullTensorInfo ?? []) {
    const [blockBytes, blockValues] = blockOf[tensor.ggmlType] ?? [0, 1];
    const values = tensor.dimensions.reduce<number>((product, size) => product * Number(size), 1);
    end = Math.max(end, Number(tensor.fileOffset) + (values / blockValues) * blockBytes);
  }
  return end;
}

/** The quantisation stands in the file's name by custom: `…-Q4_K_M.gguf`. */
function quantizationOf(path: string): string | null {
  return /[-._]((?:I?Q\d\w*|F16|BF16|F32|MXFP4))\.gguf$/i.exec(path)?.[1]?.toUpperCase() ?? null;
}

const format = (bytes: number) => `${bytes.toLocaleString('en')} bytes`;
