import { biasActivation, linear } from './elementwise';
import { at, gemm } from './gemm';
import { addRow } from './reductions';

@inline function copyNumbers(from: usize, to: usize, count: i32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) v128.store(at(to, i), v128.load(at(from, i)));
  for (; i < count; i++) store<f32>(at(to, i), load<f32>(at(from, i)));
}

@inline function clearNumbers(to: usize, count: i32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) v128.store(at(to, i), f32x4.splat(0));
  for (; i < count; i++) store<f32>(at(to, i), 0);
}

/** The patches of one image H × W × C, one row for each place of the output: OH·OW × k·k·C. */
export function im2col(
  x: usize, columns: usize, H: i32, W: i32, C: i32, k: i32, stride: i32, top: i32, left: i32, OH: i32, OW: i32,
): void {
  const width = k * C;
  let to = columns;
  for (let y = 0; y < OH; y++)
    for (let z = 0; z < OW; z++) {
      const x0 = z * stride - left;
      const before = max(0, -x0) * C;
      const after = max(0, x0 + k - W) * C;
      const inside = width - before - after;
      for (let i = 0; i < k; i++) {
        const y0 = y * stride + i - top;
        if (y0 < 0 || y0 >= H || inside <= 0) clearNumbers(to, width);
        else {
          if (before) clearNumbers(to, before);
          copyNumbers(at(x, (y0 * W + max(0, x0)) * C), at(to, before), inside);
          if (after) clearNumbers(at(to, before + inside), after);
        }
        to = at(to, width);
      }
    }
}

/** The patches of a one-channel image the other way round: a row for each number of the kernel, k·k × OH·OW, copied in long runs. */
function planes(
  x: usize, columns: usize, H: i32, W: i32, k: i32, stride: i32, top: i32, left: i32, OH: i32, OW: i32,
): void {
  let to = columns;
  for (let i = 0; i < k; i++)
    for (let j = 0; j < k; j++) {
      const x0 = j - left;
      // Places whose column lies within the image.
      const first = min(OW, max(0, (stride - 1 - x0) / stride));
      const end = x0 < W ? max(first, min(OW, (W - 1 - x0) / stride + 1)) : first;
      for (let y = 0; y < OH; y++) {
        const y0 = y * stride + i - top;
        if (y0 < 0 || y0 >= H) clearNumbers(to, OW);
        else {
          if (first) clearNumbers(to, first);
          const from = at(x, y0 * W + x0 + first * stride);
          if (stride == 1) copyNumbers(from, at(to, first), end - first);
          else
            for (let z = 0; z < end - first; z++) store<f32>(at(to, first + z), load<f32>(at(from, z * stride)));
          if (end < OW) clearNumbers(at(to, end), OW - end);
        }
        to = at(to, OW);
      }
    }
}

/** The reverse of im2col: adds patches to where they came from; the image is cleared first. */
export function col2im(
  columns: usize, x: usize, H: i32, W: i32, C: i32, k: i32, stride: i32, top: i32, left: i32, OH: i32, OW: i32,
): void {
  memory.fill(x, 0, <usize>(H * W * C) << 2);
  const width = k * C;
  let from = columns;
  for (let y = 0; y < OH; y++)
    for (let z = 0; z < OW; z++) {
      const x0 = z * stride - left;
      const before = max(0, -x0) * C;
      const inside = width - before - max(0, x0 + k - W) * C;
      for (let i = 0; i < k; i++) {
        const y0 = y * stride + i - top;
        if (y0 >= 0 && y0 < H && inside > 0)
          addRow(at(from, before), at(x, (y0 * W + max(0, x0)) * C), inside);
        from = at(from, width);
      }
    }
}

/** y = activation(x * filter + bias), image by image; scratch holds a product's and then the patches of one image. */
export function convolve(
  x: usize, filter: usize, bias: usize, y: usize, B: i32, H: i32, W: i32, C: i32, k: i32, stride: i32,
  top: i32, left: i32, OH: i32, OW: i32, F: i32, activation: i32, scratch: usize, columns: usize,
): void {
  const places = OH * OW;
  const K = k * k * C;
  for (let n = 0; n < B; n++) {
    const out = at(y, n * places * F);
    const image = at(x, n * H * W * C);
    if (C == 1) planes(image, columns, H, W, k, stride, top, left, OH, OW);
    else im2col(image, columns, H, W, C, k, stride, top, left, OH, OW);
    gemm(columns, C == 1 ? places : K, C == 1, filter, F, false, out, F, places, K, F, false, scratch);
    if (bias) biasActivation(out, bias, places, F, activation);
  }
}

/** Gradient of the filter: the sum over images, or (`each`) one after the other. */
export function convolveFilterGradient(
  x: usize, dy: usize, out: usize, B: i32, H: i32, W: i32, C: i32, k: i32, stride: i32,
  top: i32, left: i32, OH: i32, OW: i32, F: i32, each: bool, scratch: usize, columns: usize,
): void {
  const places = OH * OW;
  const K = k * k * C;
  for (let n = 0; n < B; n++) {
    const image = at(x, n * H * W * C);
    if (C == 1) planes(image, columns, H, W, k, stride, top, left, OH, OW);
    else im2col(image, columns, H, W, C, k, stride, top, left, OH, OW);
    const to = each ? at(out, n * K * F) : out;
    gemm(columns, C == 1 ? places : K, C != 1, at(dy, n * places * F), F, false, to, F, K, places, F, !each && n > 0, scratch);
  }
}

export function convolveInputGradient(
  dy: usize, filter: usize, dx: usize, B: i32, H: i32, W: i32, C: i32, k: i32, stride: i32,
  top: i32, left: i32, OH: i32, OW: i32, F: i32, scratch: usize, columns: usize,
): void {
  const places = OH * OW;
  const K = k * k * C;
  for (let n = 0; n < B; n++) {
    gemm(at(dy, n * places * F), F, false, filter, F, true, columns, K, places, F, K, false, scratch);
    col2im(columns, at(dx, n * H * W * C), H, W, C, k, stride, top, left, OH, OW);
  }
}

/** Largest of each size × size window, windows side by side. */
export function maxPool(x: usize, y: usize, B: i32, H: i32, W: i32, C: i32, size: i32): void {
  const OH = H / size;
  const OW = W / size;
  let to = y;
  for (let n = 0; n < B; n++)
    for (let i = 0; i < OH; i++)
      for (let j = 0; j < OW; j++) {
        const window = at(x, ((n * H + i * size) * W + j * size) * C);
        let c = 0;
        for (; c + 4 <= C; c += 4) {
          let most = v128.load(at(window, c));
          for (let u = 0; u < size; u++)
            for (let v = 0; v < size; v++) most = f32x4.max(most, v128.load(at(window, (u * W + v) * C + c)));
          v128.store(at(to, c), most);
        }
        for (; c < C; c++) {
          let most = load<f32>(at(window, c));
          for (let u = 0; u < size; u++)
            for (let v = 0; v < size; v++) most = max<f32>(most, load<f32>(at(window, (u * W + v) * C + c)));
          store<f32>(at(to, c), most);
        }
        to = at(to, C);
      }
}

/** A window's gradient goes to the first number in it that is its largest. */
export function maxPoolGradient(x: usize, y: usize, dy: usize, dx: usize, B: i32, H: i32, W: i32, C: i32, size: i32): void {
  const OH = H / size;
  const OW = W / size;
  memory.fill(dx, 0, <usize>(B * H * W * C) << 2);
  for (let n = 0; n < B; n++)
    for (let i = 0; i < OH; i++)
      for (let j = 0; j < OW; j++) {
        const window = ((n * H + i * size) * W + j * size) * C;
        const from = ((n * OH + i) * OW + j) * C;
        let c = 0;
        for (; c + 4 <= C; c += 4) {
          const most = v128.load(at(y, from + c));
          let left = v128.load(at(dy, from + c));
          for (let u = 0; u < size; u++)
            for (let v = 0; v < size; v++) {
              const place = window + (u * W + v) * C + c;
              const found = f32x4.eq(v128.load(at(x, place)), most);
              v128.store(at(dx, place), v128.and(left, found));
              left = v128.andnot(left, found);
            }
        }
        for (; c < C; c++) {
          const most = load<f32>(at(y, from + c));
          let left = load<f32>(at(dy, from + c));
          for (let u = 0; u < size; u++)
            for (let v = 0; v < size; v++) {
              const place = window + (u * W + v) * C + c;
              if (load<f32>(at(x, place)) == most) {
                store<f32>(at(dx, place), left);
                left = 0;
              }
            }
        }
      }
}
