import { AppError } from '#contract/errors.ts';

/** As much of a stream's reader as the SDK uses. */
interface Reader {
  read(): Promise<{ done?: boolean; value?: Uint8Array | undefined }>;
}

/**
 * Passes a stream on whose every line is JSON, and throws where one is not: the SDK writes such a line, and with it a part of the
 * answer, to the log and goes on. Throws `provider/bad-answer`, or `provider/unreachable` where the last line is cut.
 */
export function jsonLines<R extends Reader>(reader: R): R {
  const decoder = new TextDecoder();
  const read = reader.read.bind(reader);
  let rest = '';
  reader.read = async () => {
    const part = await read();
    const lines = (rest + decoder.decode(part.value, { stream: !part.done })).split('\n');
    rest = lines.pop() ?? '';
    if (!lines.every(isJson))
      throw new AppError('provider/bad-answer', 'Ollama answers with a line that is no JSON.');
    if (part.done && !isJson(rest))
      throw new AppError('provider/unreachable', 'Ollama broke off in the middle of its answer.');
    return part;
  };
  return reader;
}

function isJson(line: string): boolean {
  try {
    return line.trim() === '' || JSON.parse(line) !== undefined;
  } catch {
    return false;
  }
}
