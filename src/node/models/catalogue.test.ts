import { expect, test } from 'vitest';
import { estimateNeeds, readCatalogue } from './catalogue.ts';

const catalogue = readCatalogue(new URL('../../../resources/models.json', import.meta.url).pathname);
const entry = (id: string) => {
  const found = catalogue.find((one) => one.id === id);
  if (!found) throw new Error(id);
  return found;
};

test('the catalogue has models for every machine, each once, none with an invented size', () => {
  expect(catalogue.length).toBeGreaterThanOrEqual(15);
  expect(new Set(catalogue.map(({ id }) => id)).size).toBe(catalogue.length);
  expect(Math.min(...catalogue.map(({ parameters }) => parameters))).toBeLessThan(0.35e9);
  expect(Math.max(...catalogue.map(({ parameters }) => parameters))).toBeGreaterThan(70e9);
  for (const { id, file } of catalogue) expect(file).toBe(`${id}.gguf`);
  expect(JSON.stringify(catalogue)).not.toMatch(/sha256|bytes/i);
});

test.each([
  // Sizes that the hub gives for these files.
  ['gemma-3-270m-it-Q8_0', 0.292e9],
  ['Qwen3-0.6B-Q4_K_M', 0.397e9],
  ['granite-3.3-2b-instruct-Q4_K_M', 1.545e9],
  ['gpt-oss-20b-MXFP4', 12.11e9],
  ['Mistral-Small-3.2-24B-Instruct-2506-Q4_K_M', 14.33e9],
])('the estimate of %s is within a tenth of its file', (id, bytes) => {
  const { downloadBytes } = estimateNeeds(entry(id), { contextSize: 4096, parallelRequests: 1 });
  expect(Math.abs(downloadBytes / bytes - 1)).toBeLessThan(0.1);
});

test('memory grows with context and requests, up to the model’s own context', () => {
  const needs = (contextSize: number, parallelRequests: number) =>
    estimateNeeds(entry('Meta-Llama-3.1-8B-Instruct-Q4_K_M'), { contextSize, parallelRequests }).needsBytes;
  // 128 KiB a token, as its authors state for grouped-query attention.
  expect(needs(4096, 2) - needs(4096, 1)).toBe(4096 * 131_072);
  expect(needs(1e6, 1)).toBe(needs(131_072, 1));
});
