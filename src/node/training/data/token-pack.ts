import type { BuildContext, BuiltSource, Fill } from './example-source.ts';
import { createPack } from './pack.ts';
import { type TextFormat, tokenIds } from './tokens.ts';

/** Texts become token ids in a pack: one example each with a class, or windows that follow each other where the next token is learnt. */
export function createTokenPack(context: BuildContext, format: TextFormat) {
  const pack = createPack(context.cacheDir, context.id);
  const width = format.labels ? format.length : format.length + 1;
  const window = new Uint16Array(width);
  const input = new Float32Array(width);

  const write = (tokens: Uint16Array, classIndex: number) => {
    window.fill(0);
    window.set(tokens);
    input.set(window);
    const bytes = new Uint8Array(window.buffer);
    context.index.add(pack.write(bytes), bytes.length, classIndex, input);
  };
  return {
    /** False where no token is in the text, or too few to learn the next of one. */
    add(text: string, classIndex: number): boolean {
      if (format.labels) {
        const tokens = tokenIds(text, format, format.length);
        if (tokens.length > 0) write(tokens, classIndex);
        return tokens.length > 0;
      }
      const tokens = tokenIds(text, format, Number.POSITIVE_INFINITY);
      // The last token of a window is the first of the next, so that each token is predicted once.
      for (let at = 0; at + 1 < tokens.length; at += format.length)
        write(tokens.subarray(at, at + width), -1);
      return tokens.length > 1;
    },
    finish(rows: number): BuiltSource {
      pack.finish();
      return { file: pack.path, layout: 'tokens', rows };
    },
    discard: pack.discard,
  };
}

export const createTokenFill = (): Fill => (bytes, from, _to, into) => {
  for (let index = 0; index < into.length; index += 1) into[index] = bytes.readUInt16LE(from + index * 2);
};
