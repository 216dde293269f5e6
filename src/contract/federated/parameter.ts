/** How a parameter starts: evenly within ±limit, or with one value (an LSTM's forget gates with 1). */
export type InitialValue =
  | { kind: 'even'; limit: number }
  | { kind: 'value'; value: number | 'forget-gates' };

export interface Parameter {
  name: string;
  shape: number[];
  initial: InitialValue;
}

/** Numbers in a shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, extent) => size * extent, 1);
