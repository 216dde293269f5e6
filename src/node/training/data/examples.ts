/** Examples as a model takes them, read by number, so that a batch is all that lies in memory. */
export interface Examples {
  readonly count: number;
  /** Numbers (or token ids) of one example's input. */
  readonly inputSize: number;
  /** Labels of one example: 1, or as many as tokens where the next token is learnt. */
  readonly labelSize: number;
  /**
   * Fills the first rows of a batch with the examples of these numbers. Synchronous: it runs within the training worker.
   * A label is the class, or the next token; −1 counts for nothing. Throws `training/data-changed`.
   */
  read(indices: Int32Array, into: Batch): void;
  /** The class of an example; −1: none, or one for each token. */
  classOf(index: number): number;
  close(): void;
}

/** Row-major, `rows × size`. */
export interface Batch {
  inputs: Float32Array;
  labels: Int32Array;
}
