import { exp4, sigmoid4, tanh4, loadPart, storePart } from './elementwise';
import { at, gemm, gemmPacked, madd, packColumns } from './gemm';
import { addRow, dot, lanes } from './reductions';

/** Natural logarithm of a positive number (Cephes' logf). */
function ln(value: f32): f32 {
  const bits = reinterpret<i32>(value);
  let exponent: f32 = <f32>((bits >> 23) - 126);
  let x = reinterpret<f32>((bits & 0x7fffff) | 0x3f000000);
  if (x < 0.707106781) {
    exponent -= 1;
    x = x + x;
  }
  x -= 1;
  const square = x * x;
  let y: f32 = 7.0376836292e-2;
  y = y * x - 1.151461031e-1;
  y = y * x + 1.1676998740e-1;
  y = y * x - 1.2420140846e-1;
  y = y * x + 1.4249322787e-1;
  y = y * x - 1.6668057665e-1;
  y = y * x + 2.0000714765e-1;
  y = y * x - 2.4999993993e-1;
  y = y * x + 3.3333331174e-1;
  y = y * x * square + exponent * -2.12194440e-4 - 0.5 * square;
  return x + y + exponent * 0.693359375;
}

/** e^(x − most) in place; returns the sum. */
@inline function exponentials(row: usize, to: usize, count: i32, most: f32, factor: f32): f32 {
  const shift = f32x4.splat(most);
  const k = f32x4.splat(factor);
  let total = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const e = exp4(f32x4.mul(f32x4.sub(v128.load(at(row, i)), shift), k));
    v128.store(at(to, i), e);
    total = f32x4.add(total, e);
  }
  let sum = lanes(total);
  if (i < count) {
    const left = count - i;
    const e = exp4(f32x4.mul(f32x4.sub(loadPart(at(row, i), left), shift), k));
    storePart(at(to, i), e, left);
    for (let u = 0; u < left; u++) sum += load<f32>(at(to, i + u));
  }
  return sum;
}

@inline function largest(row: usize, count: i32): f32 {
  let most = load<f32>(row);
  for (let i = 1; i < count; i++) most = max<f32>(most, load<f32>(at(row, i)));
  return most;
}

/**
 * Cross-entropy of each row's softmax against its label; a label below 0 counts for nothing. Writes scale · (softmax − one-hot),
 * and each row's loss; returns how many rows have their label as the largest logit.
 */
export function crossEntropy(
  logits: usize, labels: usize, losses: usize, gradient: usize, rows: i32, classes: i32, scale: f32,
): i32 {
  let hits = 0;
  for (let r = 0; r < rows; r++) {
    const row = at(logits, r * classes);
    const to = at(gradient, r * classes);
    const label = load<i32>(at(labels, r));
    if (label < 0) {
      memory.fill(to, 0, <usize>classes << 2);
      store<f32>(at(losses, r), 0);
      continue;
    }
    const most = largest(row, classes);
    const own = load<f32>(at(row, label));
    if (own == most) hits++;
    const sum = exponentials(row, to, classes, most, 1);
    store<f32>(at(losses, r), ln(sum) + most - own);
    const k = scale / sum;
    for (let i = 0; i < classes; i++) store<f32>(at(to, i), load<f32>(at(to, i)) * k);
    store<f32>(at(to, label), load<f32>(at(to, label)) - scale);
  }
  return hits;
}

/** Layer norm (Ba et al. 2016) of rows of C numbers, ε 1e-5; keeps the normalised rows and 1/σ for the gradient. */
export function layerNorm(
  x: usize, gain: usize, bias: usize, y: usize, normalised: usize, inverse: usize, rows: i32, C: i32,
): void {
  for (let r = 0; r < rows; r++) {
    const row = at(x, r * C);
    const kept = at(normalised, r * C);
    let sum: f32 = 0;
    for (let i = 0; i < C; i++) sum += load<f32>(at(row, i));
    const mean = sum / <f32>C;
    for (let i = 0; i < C; i++) store<f32>(at(kept, i), load<f32>(at(row, i)) - mean);
    const scale: f32 = 1 / sqrt<f32>(dot(kept, kept, C) / <f32>C + 1e-5);
    store<f32>(at(inverse, r), scale);
    const to = at(y, r * C);
    for (let i = 0; i < C; i++) {
      const value = load<f32>(at(kept, i)) * scale;
      store<f32>(at(kept, i), value);
      store<f32>(at(to, i), value * load<f32>(at(gain, i)) + load<f32>(at(bias, i)));
    }
  }
}

export function layerNormGradient(
  dy: usize, gain: usize, normalised: usize, inverse: usize, dx: usize, rows: i32, C: i32,
): void {
  for (let r = 0; r < rows; r++) {
    const from = at(dy, r * C);
    const kept = at(normalised, r * C);
    const to = at(dx, r * C);
    let sum: f32 = 0;
    let along: f32 = 0;
    for (let i = 0; i < C; i++) {
      const g = load<f32>(at(from, i)) * load<f32>(at(gain, i));
      store<f32>(at(to, i), g);
      sum += g;
      along += g * load<f32>(at(kept, i));
    }
    sum /= <f32>C;
    along /= <f32>C;
    const scale = load<f32>(at(inverse, r));
    for (let i = 0; i < C; i++)
      store<f32>(at(to, i), scale * (load<f32>(at(to, i)) - sum - along * load<f32>(at(kept, i))));
  }
}

/** Scaled dot-product attention of all heads from rows of 3·C numbers (queries, keys, values); keeps the weights, B·heads × T × T. */
export function attention(
  qkv: usize, weights: usize, out: usize, B: i32, T: i32, C: i32, heads: i32, causal: bool, scratch: usize,
): void {
  const size = C / heads;
  const scale: f32 = 1 / sqrt<f32>(<f32>size);
  for (let n = 0; n < B; n++)
    for (let h = 0; h < heads; h++) {
      const q = at(qkv, n * T * 3 * C + h * size);
      const p = at(weights, (n * heads + h) * T * T);
      gemm(q, 3 * C, false, at(q, C), 3 * C, true, p, T, T, size, T, false, scratch);
      for (let t = 0; t < T; t++) {
        const row = at(p, t * T);
        const seen = causal ? t + 1 : T;
        const k: f32 = 1 / exponentials(row, row, seen, largest(row, seen), scale);
        for (let i = 0; i < seen; i++) store<f32>(at(row, i), load<f32>(at(row, i)) * k);
        memory.fill(at(row, seen), 0, <usize>(T - seen) << 2);
      }
      gemm(p, T, false, at(q, 2 * C), 3 * C, false, at(out, n * T * C + h * size), C, T, T, size, false, scratch);
    }
}

/** `slopes` holds T × T numbers. */
export function attentionGradient(
  qkv: usize, weights: usize, dy: usize, out: usize, B: i32, T: i32, C: i32, heads: i32, slopes: usize, scratch: usize,
): void {
  const size = C / heads;
  const scale: f32 = 1 / sqrt<f32>(<f32>size);
  for (let n = 0; n < B; n++)
    for (let h = 0; h < heads; h++) {
      const from = n * T * 3 * C + h * size;
      const q = at(qkv, from);
      const dq = at(out, from);
      const p = at(weights, (n * heads + h) * T * T);
      const g = at(dy, n * T * C + h * size);
      gemm(g, C, false, at(q, 2 * C), 3 * C, true, slopes, T, T, size, T, false, scratch);
      gemm(p, T, true, g, C, false, at(dq, 2 * C), 3 * C, T, T, size, false, scratch);
      for (let t = 0; t < T; t++) {
        const row = at(slopes, t * T);
        const share = at(p, t * T);
        const mean = dot(row, share, T);
        for (let i = 0; i < T; i++)
          store<f32>(at(row, i), scale * load<f32>(at(share, i)) * (load<f32>(at(row, i)) - mean));
      }
      gemm(slopes, T, false, at(q, C), 3 * C, false, dq, 3 * C, T, T, size, false, scratch);
      gemm(slopes, T, true, q, 3 * C, false, at(dq, C), 3 * C, T, T, size, false, scratch);
    }
}

/**
 * LSTM (Hochreiter, Schmidhuber 1997; with forget gate) over B × T rows of 4·U numbers, input · kernel + bias: gates i, f, g, o.
 * Keeps the gates, the cells and the outputs of all steps. `scratch` holds the packed recurrent kernel and a product's rows.
 */
export function lstm(
  z: usize, recurrent: usize, gates: usize, cells: usize, out: usize, B: i32, T: i32, U: i32, scratch: usize,
): void {
  const work = at(scratch, U * ((4 * U + 7) & ~7));
  packColumns(recurrent, 4 * U, false, scratch, U, 4 * U);
  memory.copy(gates, z, <usize>(B * T * 4 * U) << 2);
  for (let t = 0; t < T; t++) {
    const now = at(gates, t * 4 * U);
    if (t > 0) gemmPacked(at(out, (t - 1) * U), T * U, false, scratch, now, T * 4 * U, B, U, 4 * U, true, work);
    for (let n = 0; n < B; n++) {
      const gate = at(now, n * T * 4 * U);
      const place = (n * T + t) * U;
      for (let u = 0; u < U; u += 4) {
        const left = U - u;
        const i = sigmoid4(some(at(gate, u), left));
        const f = sigmoid4(some(at(gate, U + u), left));
        const g = tanh4(some(at(gate, 2 * U + u), left));
        const o = sigmoid4(some(at(gate, 3 * U + u), left));
        const before = t > 0 ? some(at(cells, place - U + u), left) : f32x4.splat(0);
        const c = madd(f, before, f32x4.mul(i, g));
        put(at(gate, u), i, left);
        put(at(gate, U + u), f, left);
        put(at(gate, 2 * U + u), g, left);
        put(at(gate, 3 * U + u), o, left);
        put(at(cells, place + u), c, left);
        put(at(out, place + u), f32x4.mul(o, tanh4(c)), left);
      }
    }
  }
}

@inline function some(p: usize, left: i32): v128 {
  return left >= 4 ? v128.load(p) : loadPart(p, left);
}

@inline function put(p: usize, value: v128, left: i32): void {
  if (left >= 4) v128.store(p, value);
  else storePart(p, value, left);
}

/**
 * Gradient of the rows of 4·U numbers. `dy` has all T outputs' gradients, or (`last`) the last one's alone. `work` holds 2·B·U
 * numbers: the gradients of the output and of the cell that come from the next step.
 */
export function lstmGradient(
  recurrent: usize, gates: usize, cells: usize, dy: usize, dz: usize, B: i32, T: i32, U: i32, last: bool, state: usize, scratch: usize,
): void {
  const work = at(scratch, 4 * U * ((U + 7) & ~7));
  const carried = at(state, B * U);
  packColumns(recurrent, 4 * U, true, scratch, 4 * U, U);
  memory.fill(state, 0, <usize>(2 * B * U) << 2);
  const one = f32x4.splat(1);
  for (let t = T - 1; t >= 0; t--) {
    if (t < T - 1)
      gemmPacked(at(dz, (t + 1) * 4 * U), T * 4 * U, false, scratch, state, U, B, 4 * U, U, false, work);
    for (let n = 0; n < B; n++) {
      if (!last) addRow(at(dy, (n * T + t) * U), at(state, n * U), U);
      else if (t == T - 1) addRow(at(dy, n * U), at(state, n * U), U);
      const place = (n * T + t) * U;
      const gate = at(gates, place * 4);
      const slope = at(dz, place * 4);
      for (let u = 0; u < U; u += 4) {
        const left = U - u;
        const i = some(at(gate, u), left);
        const f = some(at(gate, U + u), left);
        const g = some(at(gate, 2 * U + u), left);
        const o = some(at(gate, 3 * U + u), left);
        const before = t > 0 ? some(at(cells, place - U + u), left) : f32x4.splat(0);
        const shape = tanh4(some(at(cells, place + u), left));
        const dh = some(at(state, n * U + u), left);
        const through = f32x4.mul(f32x4.mul(dh, o), f32x4.sub(one, f32x4.mul(shape, shape)));
        const dc = f32x4.add(some(at(carried, n * U + u), left), through);
        put(at(slope, u), f32x4.mul(f32x4.mul(dc, g), f32x4.mul(i, f32x4.sub(one, i))), left);
        put(at(slope, U + u), f32x4.mul(f32x4.mul(dc, before), f32x4.mul(f, f32x4.sub(one, f))), left);
        put(at(slope, 2 * U + u), f32x4.mul(f32x4.mul(dc, i), f32x4.sub(one, f32x4.mul(g, g))), left);
        put(at(slope, 3 * U + u), f32x4.mul(f32x4.mul(dh, shape), f32x4.mul(o, f32x4.sub(one, o))), left);
        put(at(carried, n * U + u), f32x4.mul(dc, f), left);
      }
    }
  }
}
