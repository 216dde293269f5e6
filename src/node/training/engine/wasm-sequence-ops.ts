import type { Ops } from './ops.ts';
import type { WasmMemory } from './wasm-backend.ts';
import type { Kernels } from './wasm-kernels.ts';

type SequenceOps = Pick<
  Ops,
  | 'crossEntropy'
  | 'layerNorm'
  | 'layerNormGradient'
  | 'attention'
  | 'attentionGradient'
  | 'lstm'
  | 'lstmGradient'
  | 'delayed'
  | 'lastSteps'
  | 'gather'
  | 'segmentSum'
  | 'segmentNorms'
>;

/** Kernels of sequences, norms and losses. */
export function wasmSequenceOps(memory: WasmMemory, kernels: Kernels): SequenceOps {
  const { at } = memory;
  const roundUp = (count: number) => (count + 7) & ~7;
  const productScratch = (...sizes: [k: number, n: number][]) =>
    Math.max(...sizes.map(([k, n]) => kernels.gemmScratch(k, n)));

  return {
    crossEntropy(logits, labels, classes, scale) {
      const rows = labels.length;
      const gradient = memory.allocate(logits.shape);
      const offset = memory.scratch(8 * rows);
      new Int32Array(memory.memory.buffer, offset, rows).set(labels);
      const losses = offset + 4 * rows;
      const hits = kernels.crossEntropy(at(logits), offset, losses, at(gradient), rows, classes, scale);
      const each = new Float32Array(memory.memory.buffer, losses, rows);
      return { loss: each.reduce((sum, loss) => sum + loss, 0), hits, gradient };
    },
    layerNorm(x, gain, bias, rows, size) {
      const output = memory.allocate([rows, size]);
      const normalised = memory.allocate([rows, size]);
      const inverse = memory.allocate([rows]);
      const kept = [at(output), at(normalised), at(inverse)];
      kernels.layerNorm(at(x), at(gain), at(bias), ...kept, rows, size);
      return { output, normalised, inverse };
    },
    layerNormGradient(dy, gain, normalised, inverse, rows, size) {
      const out = memory.allocate([rows, size]);
      kernels.layerNormGradient(at(dy), at(gain), at(normalised), at(inverse), at(out), rows, size);
      return out;
    },
    attention(qkv, { examples, steps, size, heads, causal }) {
      const output = memory.allocate([examples * steps, size]);
      const weights = memory.allocate([examples * heads, steps, steps]);
      const scratch = memory.scratch(productScratch([size / heads, steps], [steps, size / heads]));
      const sizes = [examples, steps, size, heads, Number(causal)];
      kernels.attention(at(qkv), at(weights), at(output), ...sizes, scratch);
      return { output, weights };
    },
    attentionGradient(qkv, weights, dy, { examples, steps, size, heads }) {
      const out = memory.allocate([examples * steps, 3 * size]);
      const slopesBytes = 4 * steps * steps;
      const slopes = memory.scratch(
        slopesBytes + productScratch([size / heads, steps], [steps, size / heads]),
      );
      const sizes = [examples, steps, size, heads, slopes, slopes + slopesBytes];
      kernels.attentionGradient(at(qkv), at(weights), at(dy), at(out), ...sizes);
      return out;
    },
    lstm(z, recurrent, { examples, steps, size }) {
      const gates = memory.allocate([examples, steps, 4 * size]);
      const cells = memory.allocate([examples, steps, size]);
      const output = memory.allocate([examples, steps, size]);
      const scratch = memory.scratch(4 * (size * roundUp(4 * size) + 4 * size + 32));
      kernels.lstm(
        ...[at(z), at(recurrent), at(gates), at(cells), at(output)],
        ...[examples, steps, size, scratch],
      );
      return { gates, cells, output };
    },
    lstmGradient({ gates, cells }, recurrent, dy, { examples, steps, size }, last) {
      const out = memory.allocate([examples, steps, 4 * size]);
      const stateBytes = 8 * examples * size;
      const state = memory.scratch(stateBytes + 4 * (4 * size * roundUp(size) + 16 * size + 32));
      kernels.lstmGradient(
        ...[at(recurrent), at(gates), at(cells), at(dy), at(out)],
        ...[examples, steps, size, Number(last), state, state + stateBytes],
      );
      return out;
    },
    delayed(x, { examples, steps, size }) {
      const out = memory.allocate([examples, steps, size]);
      const { numbers } = memory;
      for (let example = 0; example < examples; example += 1) {
        const from = at(x) / 4 + example * steps * size;
        const to = at(out) / 4 + example * steps * size;
        numbers.fill(0, to, to + size);
        numbers.copyWithin(to + size, from, from + (steps - 1) * size);
      }
      return out;
    },
    lastSteps(x, { examples, steps, size }) {
      const out = memory.allocate([examples, size]);
      for (let example = 0; example < examples; example += 1) {
        const from = at(x) / 4 + ((example + 1) * steps - 1) * size;
        memory.numbers.copyWithin(at(out) / 4 + example * size, from, from + size);
      }
      return out;
    },
    gather(table, ids, count, size) {
      const out = memory.allocate([count, size]);
      kernels.gatherRows(at(table), at(ids), at(out), count, size);
      return out;
    },
    segmentSum(x, ids, count, size, segments) {
      const out = memory.allocate([segments, size]);
      kernels.segmentSum(at(x), at(ids), at(out), count, size, segments);
      return out;
    },
    segmentNorms(x, ids, { examples, steps, size }) {
      const out = memory.allocate([examples]);
      kernels.segmentNorms(at(x), at(ids), at(out), examples, steps, size);
      return out;
    },
  };
}
