import { at, madd } from './gemm';

export const linear: i32 = 0;
export const relu: i32 = 1;
export const tanh: i32 = 2;
export const sigmoid: i32 = 3;
export const gelu: i32 = 4;

/** e^x by range reduction and a polynomial (Cephes' expf), relative error about 1e-7. */
@inline export function exp4(value: v128): v128 {
  const x = f32x4.max(f32x4.min(value, f32x4.splat(88.3762626)), f32x4.splat(-87.3365447));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)));
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let y = f32x4.splat(1.9875691500e-4);
  y = madd(y, r, f32x4.splat(1.3981999507e-3));
  y = madd(y, r, f32x4.splat(8.3334519073e-3));
  y = madd(y, r, f32x4.splat(4.1665795894e-2));
  y = madd(y, r, f32x4.splat(1.6666665459e-1));
  y = madd(y, r, f32x4.splat(5.0000001201e-1));
  y = f32x4.add(madd(y, f32x4.mul(r, r), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(y, power);
}

@inline export function sigmoid4(x: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), exp4(f32x4.neg(x))));
}

@inline export function tanh4(x: v128): v128 {
  return f32x4.sub(f32x4.splat(1), f32x4.div(f32x4.splat(2), f32x4.add(f32x4.splat(1), exp4(f32x4.add(x, x)))));
}

/** GELU in its tanh form is x · sigmoid(2u), u = √(2/π)·(x + 0.044715·x³). */
@inline function twice(x: v128): v128 {
  const cubic = madd(f32x4.mul(x, x), f32x4.splat(0.044715), f32x4.splat(1));
  return f32x4.mul(f32x4.mul(x, cubic), f32x4.splat(1.5957691216));
}

@inline function activated(x: v128, kind: i32): v128 {
  if (kind == relu) return f32x4.max(x, f32x4.splat(0));
  if (kind == tanh) return tanh4(x);
  if (kind == sigmoid) return sigmoid4(x);
  if (kind == gelu) return f32x4.mul(x, sigmoid4(twice(x)));
  return x;
}

/** Slope of an activation: from its input for GELU, from its output for the others. */
@inline function slope(x: v128, kind: i32): v128 {
  const one = f32x4.splat(1);
  if (kind == relu) return v128.and(f32x4.gt(x, f32x4.splat(0)), one);
  if (kind == tanh) return f32x4.sub(one, f32x4.mul(x, x));
  if (kind == sigmoid) return f32x4.mul(x, f32x4.sub(one, x));
  if (kind == gelu) {
    const s = sigmoid4(twice(x));
    const inner = f32x4.mul(madd(f32x4.mul(x, x), f32x4.splat(0.134145), one), f32x4.splat(1.5957691216));
    return madd(f32x4.mul(f32x4.mul(x, s), f32x4.sub(one, s)), inner, s);
  }
  return one;
}

/** One to three numbers in the lowest lanes, zeros above. */
@inline export function loadPart(p: usize, count: i32): v128 {
  let value = v128.load32_zero(p);
  if (count > 1) value = f32x4.replace_lane(value, 1, load<f32>(p, 4));
  if (count > 2) value = f32x4.replace_lane(value, 2, load<f32>(p, 8));
  return value;
}

@inline export function storePart(p: usize, value: v128, count: i32): void {
  store<f32>(p, f32x4.extract_lane(value, 0));
  if (count > 1) store<f32>(p, f32x4.extract_lane(value, 1), 4);
  if (count > 2) store<f32>(p, f32x4.extract_lane(value, 2), 8);
}

export function activate(x: usize, y: usize, count: i32, kind: i32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) v128.store(at(y, i), activated(v128.load(at(x, i)), kind));
  if (i < count) storePart(at(y, i), activated(loadPart(at(x, i), count - i), kind), count - i);
}

/** dx = dy · slope, of the activation's output (its input for GELU). */
export function activationGradient(dy: usize, x: usize, dx: usize, count: i32, kind: i32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4)
    v128.store(at(dx, i), f32x4.mul(v128.load(at(dy, i)), slope(v128.load(at(x, i)), kind)));
  if (i < count) {
    const left = count - i;
    storePart(at(dx, i), f32x4.mul(loadPart(at(dy, i), left), slope(loadPart(at(x, i), left), kind)), left);
  }
}

/** Rows of C numbers: c = activation(c + bias). */
export function biasActivation(c: usize, bias: usize, rows: i32, C: i32, kind: i32): void {
  for (let r = 0; r < rows; r++) {
    const row = at(c, r * C);
    let i = 0;
    for (; i + 4 <= C; i += 4)
      v128.store(at(row, i), activated(f32x4.add(v128.load(at(row, i)), v128.load(at(bias, i))), kind));
    if (i < C) {
      const left = C - i;
      storePart(at(row, i), activated(f32x4.add(loadPart(at(row, i), left), loadPart(at(bias, i), left)), kind), left);
    }
  }
}

/** out = a + factor · b. */
export function addScaled(a: usize, b: usize, out: usize, count: i32, factor: f32): void {
  const k = f32x4.splat(factor);
  let i = 0;
  for (; i + 4 <= count; i += 4) v128.store(at(out, i), madd(k, v128.load(at(b, i)), v128.load(at(a, i))));
  for (; i < count; i++) store<f32>(at(out, i), load<f32>(at(a, i)) + factor * load<f32>(at(b, i)));
}

/** Rows of C numbers, each times its group's factor; a group has `rowsPerFactor` rows. */
export function scaleRows(x: usize, factors: usize, out: usize, rows: i32, rowsPerFactor: i32, C: i32): void {
  for (let r = 0; r < rows; r++) {
    const factor = load<f32>(at(factors, r / rowsPerFactor));
    const k = f32x4.splat(factor);
    const from = at(x, r * C);
    const to = at(out, r * C);
    let i = 0;
    for (; i + 4 <= C; i += 4) v128.store(at(to, i), f32x4.mul(k, v128.load(at(from, i))));
    for (; i < C; i++) store<f32>(at(to, i), factor * load<f32>(at(from, i)));
  }
}

/** Adam (Kingma, Ba 2015) in place; `rate` has the bias corrections in it, `epsilon` is scaled alike. */
export function adam(
  w: usize, m: usize, v: usize, g: usize, w2: usize, m2: usize, v2: usize, count: i32,
  beta1: f32, beta2: f32, rate: f32, correction2: f32, epsilon: f32,
): void {
  for (let i = 0; i < count; i++) {
    const gradient = load<f32>(at(g, i));
    const first = beta1 * load<f32>(at(m, i)) + (1 - beta1) * gradient;
    const second = beta2 * load<f32>(at(v, i)) + (1 - beta2) * gradient * gradient;
    store<f32>(at(m2, i), first);
    store<f32>(at(v2, i), second);
    store<f32>(at(w2, i), load<f32>(at(w, i)) - (rate * first) / (sqrt<f32>(second * correction2) + epsilon));
  }
}
