/** Size of what a convolution gives, and the zeros above and left of the image; `same` pads as TensorFlow does. */
export function convolutionShape(
  { kernel, stride, padding }: { kernel: number; stride: number; padding: 'same' | 'valid' },
  height: number,
  width: number,
): { outHeight: number; outWidth: number; top: number; left: number } {
  if (padding === 'valid')
    return {
      outHeight: Math.floor((height - kernel) / stride) + 1,
      outWidth: Math.floor((width - kernel) / stride) + 1,
      top: 0,
      left: 0,
    };
  const outHeight = Math.ceil(height / stride);
  const outWidth = Math.ceil(width / stride);
  const before = (out: number, extent: number) =>
    Math.floor(Math.max((out - 1) * stride + kernel - extent, 0) / 2);
  return { outHeight, outWidth, top: before(outHeight, height), left: before(outWidth, width) };
}
