import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type CatalogueEntry, catalogueEntrySchema, type OfferedEntry } from '#contract/catalogue.ts';
import type { Settings } from '#contract/settings.ts';

/** Reads the catalogue that ships with the app. */
export function readCatalogue(file: string): CatalogueEntry[] {
  return z.array(catalogueEntrySchema).parse(JSON.parse(readFileSync(file, 'utf8')));
}

/** Mean bits a weight of whole files, with the parts that stay finer (llama.cpp's `quantize` README; MXFP4 from gpt-oss' own file). */
const bitsPerWeight: Record<string, number> = {
  F16: 16,
  BF16: 16,
  Q8_0: 8.5,
  Q6_K: 6.56,
  Q5_K_M: 5.69,
  Q4_K_M: 4.89,
  Q4_0: 4.55,
  Q3_K_M: 3.91,
  Q2_K: 3.16,
  MXFP4: 4.63,
};
const unknownBits = 8.5;
/** Computation's own buffers, and a little more for each parameter. */
const baseBytes = 150e6;

/**
 * What a model would take, before anything of it is here: its file by parameters times bits a weight, and memory by that plus keys
 * and values in 16 bits (2 · layers · kvHeads · headDim · 2 bytes a token of each parallel request). Bytes.
 */
export function estimateNeeds(
  entry: CatalogueEntry,
  options: { contextSize: number; parallelRequests: number },
): { downloadBytes: number; needsBytes: number } {
  const quantization = /-([A-Z0-9_]+)\.gguf$/i.exec(entry.file)?.[1]?.toUpperCase() ?? '';
  const downloadBytes = (entry.parameters * (bitsPerWeight[quantization] ?? unknownBits)) / 8;
  const context = Math.min(options.contextSize, entry.contextLength) * options.parallelRequests;
  const cacheBytes = 2 * entry.layers * entry.kvHeads * entry.headDim * 2 * context;
  return {
    downloadBytes: Math.round(downloadBytes),
    needsBytes: Math.round(downloadBytes * 1.05 + cacheBytes + baseBytes),
  };
}

const autoContext = 4096;
const autoParallel = 4;

/** The catalogue for this computer: a model fits where its weights and context go into the GPU, or else into main memory. */
export function offered(
  catalogue: readonly CatalogueEntry[],
  { contextSize, parallelRequests }: Pick<Settings, 'contextSize' | 'parallelRequests'>,
  memory: { ramBytes: number; gpuBytes: number },
): OfferedEntry[] {
  const options = {
    contextSize: contextSize === 'auto' ? autoContext : contextSize,
    parallelRequests: parallelRequests === 'auto' ? autoParallel : parallelRequests,
  };
  return catalogue.map((entry) => {
    const needs = estimateNeeds(entry, options);
    return { ...entry, ...needs, fits: needs.needsBytes <= Math.max(memory.ramBytes, memory.gpuBytes) };
  });
}
