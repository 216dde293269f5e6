// Pointers are byte offsets into memory shared with the WebAssembly backend of TensorFlow.js. No runtime, no allocation, no data
// segment. Numbers are float32, matrices row-major with a leading dimension counted in numbers.

/** Rows of B in one packed block, and numbers in it: a block stays within the second cache. */
const blockRows: i32 = 256;
const blockNumbers: i32 = 65536;

@inline export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

@inline export function at(pointer: usize, index: i32): usize {
  return pointer + (<usize>index << 2);
}

/** Bytes of scratch that a product of K × N needs at most. */
export function gemmScratch(K: i32, N: i32): usize {
  const rows = min(K, blockRows);
  const columns = min((N + 7) & ~7, max(8, (blockNumbers / rows) & ~7));
  return <usize>(rows * columns + 4 * rows + 32) << 2;
}

/** B[K × N] in panels of eight columns, zeros beyond N. */
export function packColumns(b: usize, ldb: i32, transposed: bool, panel: usize, K: i32, N: i32): void {
  for (let j = 0; j < N; j += 8) {
    let to = at(panel, j * K);
    const width = min(8, N - j);
    if (!transposed && width == 8) {
      let from = at(b, j);
      const step = <usize>ldb << 2;
      for (let k = 0; k < K; k++) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
        to += 32;
        from += step;
      }
    } else if (transposed && width == 8) {
      let k = 0;
      let from = at(b, j * ldb);
      const step = <usize>ldb << 2;
      for (; k + 4 <= K; k += 4) {
        transposeInto(from, step, to, 32);
        transposeInto(from + 4 * step, step, to + 16, 32);
        from += 16;
        to += 128;
      }
      for (; k < K; k++) {
        for (let u = 0; u < 8; u++) store<f32>(at(to, u), load<f32>(from + <usize>u * step));
        from += 4;
        to += 32;
      }
    } else {
      for (let k = 0; k < K; k++) {
        for (let u = 0; u < 8; u++) {
          const from = transposed ? at(b, (j + u) * ldb + k) : at(b, k * ldb + j + u);
          store<f32>(at(to, u), u < width ? load<f32>(from) : <f32>0);
        }
        to += 32;
      }
    }
  }
}

/** Four rows of four numbers, `step` bytes apart, become four columns, `toStep` bytes apart. */
@inline function transposeInto(from: usize, step: usize, to: usize, toStep: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + step);
  const r2 = v128.load(from + 2 * step);
  const r3 = v128.load(from + 3 * step);
  const t0 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
  const t1 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const t2 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const t3 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(t0, t2, 0, 2));
  v128.store(to + toStep, v128.shuffle<i64>(t0, t2, 1, 3));
  v128.store(to + 2 * toStep, v128.shuffle<i64>(t1, t3, 0, 2));
  v128.store(to + 3 * toStep, v128.shuffle<i64>(t1, t3, 1, 3));
}

/** Four rows of A, interleaved number by number, zeros below `rows`. */
@inline function packRows(a: usize, lda: i32, transposed: bool, i: i32, rows: i32, K: i32, panel: usize): void {
  let to = panel;
  let k = 0;
  const step = <usize>lda << 2;
  if (rows == 4 && transposed) {
    let from = at(a, i);
    for (; k < K; k++) {
      v128.store(to, v128.load(from));
      to += 16;
      from += step;
    }
  } else if (rows == 4) {
    let from = at(a, i * lda);
    for (; k + 4 <= K; k += 4) {
      transposeInto(from, step, to, 16);
      from += 16;
      to += 64;
    }
  }
  for (; k < K; k++) {
    for (let u = 0; u < 4; u++) {
      const from = transposed ? at(a, k * lda + i + u) : at(a, (i + u) * lda + k);
      store<f32>(at(to, u), u < rows ? load<f32>(from) : <f32>0);
    }
    to += 16;
  }
}

/** C[M × N] = A·B, or C + A·B, where B lies packed in `columns`; `work` holds 4·K + 32 numbers. */
export function gemmPacked(
  a: usize, lda: i32, transposedA: bool, columns: usize, c: usize, ldc: i32,
  M: i32, K: i32, N: i32, accumulate: bool, work: usize,
): void {
  const edgeTile = at(work, 4 * K);
  const end = at(work, 4 * K);
  const cStep = <usize>ldc << 2;
  for (let i = 0; i < M; i += 4) {
    const rows = min(4, M - i);
    packRows(a, lda, transposedA, i, rows, K, work);
    for (let j = 0; j < N; j += 8) {
      let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
      let p = at(columns, j * K);
      let q = work;
      while (q < end) {
        const b0 = v128.load(p);
        const b1 = v128.load(p, 16);
        let x = v128.load32_splat(q);
        c00 = madd(x, b0, c00);
        c01 = madd(x, b1, c01);
        x = v128.load32_splat(q, 4);
        c10 = madd(x, b0, c10);
        c11 = madd(x, b1, c11);
        x = v128.load32_splat(q, 8);
        c20 = madd(x, b0, c20);
        c21 = madd(x, b1, c21);
        x = v128.load32_splat(q, 12);
        c30 = madd(x, b0, c30);
        c31 = madd(x, b1, c31);
        p += 32;
        q += 16;
      }
      const width = min(8, N - j);
      if (rows == 4 && width == 8) {
        const o = at(c, i * ldc + j);
        const o1 = o + cStep;
        const o2 = o1 + cStep;
        const o3 = o2 + cStep;
        // All loads come before all stores, so that an engine may join two halves of a row.
        if (accumulate) {
          c00 = f32x4.add(v128.load(o), c00);
          c01 = f32x4.add(v128.load(o, 16), c01);
          c10 = f32x4.add(v128.load(o1), c10);
          c11 = f32x4.add(v128.load(o1, 16), c11);
          c20 = f32x4.add(v128.load(o2), c20);
          c21 = f32x4.add(v128.load(o2, 16), c21);
          c30 = f32x4.add(v128.load(o3), c30);
          c31 = f32x4.add(v128.load(o3, 16), c31);
        }
        storeTo(o, c00, c01);
        storeTo(o1, c10, c11);
        storeTo(o2, c20, c21);
        storeTo(o3, c30, c31);
      } else {
        storeTo(edgeTile, c00, c01);
        storeTo(edgeTile + 32, c10, c11);
        storeTo(edgeTile + 64, c20, c21);
        storeTo(edgeTile + 96, c30, c31);
        for (let r = 0; r < rows; r++)
          for (let u = 0; u < width; u++) {
            const o = at(c, (i + r) * ldc + j + u);
            const value = load<f32>(at(edgeTile, r * 8 + u));
            store<f32>(o, accumulate ? load<f32>(o) + value : value);
          }
      }
    }
  }
}

@inline function storeTo(o: usize, left: v128, right: v128): void {
  v128.store(o, left);
  v128.store(o, right, 16);
}

/** C[M × N] = op(A)·op(B), or C + op(A)·op(B). */
export function gemm(
  a: usize, lda: i32, transposedA: bool, b: usize, ldb: i32, transposedB: bool, c: usize, ldc: i32,
  M: i32, K: i32, N: i32, accumulate: bool, scratch: usize,
): void {
  const blockK = min(K, blockRows);
  const blockN = max(8, (blockNumbers / blockK) & ~7);
  const width = min((N + 7) & ~7, blockN);
  const work = at(scratch, blockK * width);
  for (let j = 0; j < N; j += blockN) {
    const columns = min(blockN, N - j);
    for (let k = 0; k < K; k += blockK) {
      const depth = min(blockK, K - k);
      packColumns(transposedB ? at(b, j * ldb + k) : at(b, k * ldb + j), ldb, transposedB, scratch, depth, columns);
      const from = transposedA ? at(a, k * lda) : at(a, k);
      gemmPacked(from, lda, transposedA, scratch, at(c, j), ldc, M, depth, columns, accumulate || k > 0, work);
    }
  }
}

/** `count` products of matrices that follow one another; a step of 0 takes the same matrix each time. */
export function gemmBatch(
  a: usize, stepA: i32, lda: i32, transposedA: bool, b: usize, stepB: i32, ldb: i32, transposedB: bool,
  c: usize, stepC: i32, ldc: i32, M: i32, K: i32, N: i32, count: i32, scratch: usize,
): void {
  for (let n = 0; n < count; n++)
    gemm(at(a, n * stepA), lda, transposedA, at(b, n * stepB), ldb, transposedB, at(c, n * stepC), ldc, M, K, N, false, scratch);
}
