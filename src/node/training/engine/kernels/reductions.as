import { at, gemm, madd } from './gemm';

@inline export function lanes(x: v128): f32 {
  return f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3);
}

@inline export function dot(a: usize, b: usize, count: i32): f32 {
  let s0 = f32x4.splat(0), s1 = s0;
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    s0 = madd(v128.load(at(a, i)), v128.load(at(b, i)), s0);
    s1 = madd(v128.load(at(a, i), 16), v128.load(at(b, i), 16), s1);
  }
  let sum = lanes(f32x4.add(s0, s1));
  for (; i < count; i++) sum += load<f32>(at(a, i)) * load<f32>(at(b, i));
  return sum;
}

/** Sum of squares, added up in float64 every 1,024 numbers. */
export function sumSquares(x: usize, count: i32): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < count; i += 1024) sum += <f64>dot(at(x, i), at(x, i), min(1024, count - i));
  return sum;
}

export function rowSquares(x: usize, out: usize, rows: i32, C: i32): void {
  for (let r = 0; r < rows; r++) store<f32>(at(out, r), <f32>sumSquares(at(x, r * C), C));
}

/** Sums each group of S rows of C numbers. */
export function columnSums(x: usize, out: usize, groups: i32, S: i32, C: i32): void {
  memory.fill(out, 0, <usize>(groups * C) << 2);
  for (let g = 0; g < groups; g++)
    for (let s = 0; s < S; s++) addRow(at(x, (g * S + s) * C), at(out, g * C), C);
}

@inline export function addRow(from: usize, to: usize, C: i32): void {
  let i = 0;
  for (; i + 4 <= C; i += 4) v128.store(at(to, i), f32x4.add(v128.load(at(to, i)), v128.load(at(from, i))));
  for (; i < C; i++) store<f32>(at(to, i), load<f32>(at(to, i)) + load<f32>(at(from, i)));
}

/** Sums a · b over each group of S rows. */
export function productSums(a: usize, b: usize, out: usize, groups: i32, S: i32, C: i32): void {
  memory.fill(out, 0, <usize>(groups * C) << 2);
  for (let g = 0; g < groups; g++) {
    const to = at(out, g * C);
    for (let s = 0; s < S; s++) {
      const row = (g * S + s) * C;
      let i = 0;
      for (; i + 4 <= C; i += 4)
        v128.store(at(to, i), madd(v128.load(at(a, row + i)), v128.load(at(b, row + i)), v128.load(at(to, i))));
      for (; i < C; i++)
        store<f32>(at(to, i), load<f32>(at(to, i)) + load<f32>(at(a, row + i)) * load<f32>(at(b, row + i)));
    }
  }
}

/** Sum of rows, each times its factor; without factors (0) the plain sum. */
export function weightedSum(x: usize, factors: usize, out: usize, rows: i32, C: i32): void {
  memory.fill(out, 0, <usize>C << 2);
  for (let r = 0; r < rows; r++) {
    const factor: f32 = factors ? load<f32>(at(factors, r)) : 1;
    const k = f32x4.splat(factor);
    const from = at(x, r * C);
    let i = 0;
    for (; i + 4 <= C; i += 4) v128.store(at(out, i), madd(k, v128.load(at(from, i)), v128.load(at(out, i))));
    for (; i < C; i++) store<f32>(at(out, i), load<f32>(at(out, i)) + factor * load<f32>(at(from, i)));
  }
}

/** Adds the same `C` numbers to each row. */
export function addToRows(x: usize, row: usize, out: usize, rows: i32, C: i32): void {
  for (let r = 0; r < rows; r++) {
    const from = at(x, r * C);
    const to = at(out, r * C);
    let i = 0;
    for (; i + 4 <= C; i += 4) v128.store(at(to, i), f32x4.add(v128.load(at(from, i)), v128.load(at(row, i))));
    for (; i < C; i++) store<f32>(at(to, i), load<f32>(at(from, i)) + load<f32>(at(row, i)));
  }
}

/** Each row S times, times a factor. */
export function repeatRows(x: usize, out: usize, rows: i32, S: i32, C: i32, factor: f32): void {
  for (let r = 0; r < rows * S; r++)
    for (let i = 0; i < C; i++) store<f32>(at(out, r * C + i), factor * load<f32>(at(x, (r / S) * C + i)));
}

/** Rows of a table by ids that are float32. */
export function gatherRows(table: usize, ids: usize, out: usize, count: i32, C: i32): void {
  for (let n = 0; n < count; n++)
    memory.copy(at(out, n * C), at(table, <i32>load<f32>(at(ids, n)) * C), <usize>C << 2);
}

/** Adds rows into the rows of a table that their ids name; the table is cleared first. */
export function segmentSum(x: usize, ids: usize, out: usize, count: i32, C: i32, segments: i32): void {
  memory.fill(out, 0, <usize>(segments * C) << 2);
  for (let n = 0; n < count; n++) addRow(at(x, n * C), at(out, <i32>load<f32>(at(ids, n)) * C), C);
}

/** Of each example of T rows, the squared norm of its segment sum: rows of the same id count together. */
export function segmentNorms(x: usize, ids: usize, out: usize, examples: i32, T: i32, C: i32): void {
  for (let e = 0; e < examples; e++) {
    let sum: f64 = 0;
    for (let s = 0; s < T; s++) {
      const id = load<f32>(at(ids, e * T + s));
      const row = at(x, (e * T + s) * C);
      sum += <f64>dot(row, row, C);
      for (let t = 0; t < s; t++)
        if (load<f32>(at(ids, e * T + t)) == id) sum += 2 * <f64>dot(row, at(x, (e * T + t) * C), C);
    }
    store<f32>(at(out, e), <f32>sum);
  }
}

/** Squared norm of each example's aᵀ · b over its T rows of M and N numbers; `product` holds M × N. */
export function gemmNorms(
  a: usize, b: usize, out: usize, T: i32, M: i32, N: i32, examples: i32, scratch: usize, product: usize,
): void {
  for (let e = 0; e < examples; e++) {
    gemm(at(a, e * T * M), M, true, at(b, e * T * N), N, false, product, N, M, T, N, false, scratch);
    store<f32>(at(out, e), <f32>sumSquares(product, M * N));
  }
}
