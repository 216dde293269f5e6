import { z } from 'zod';

/** A model of the catalogue: an open model's GGUF file on the hub. Size and hash are asked from the hub when it is downloaded. */
export const catalogueEntrySchema = z.strictObject({
  /** The file's name without `.gguf`: the model's id once it is in the store. */
  id: z.string(),
  name: z.string(),
  publisher: z.string(),
  parameters: z.int().positive(),
  /** Tokens of context that the model was trained for. */
  contextLength: z.int().positive(),
  /** SPDX identifier, or the licence's name. */
  licence: z.string(),
  repo: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
  file: z.string().regex(/^[\w.-]+\.gguf$/),
  layers: z.int().positive(),
  kvHeads: z.int().positive(),
  headDim: z.int().positive(),
});
export type CatalogueEntry = z.infer<typeof catalogueEntrySchema>;

/** A catalogue entry as the pages show it: with what it would take here, estimated. */
export const offeredEntrySchema = catalogueEntrySchema.extend({
  /** Bytes to download, about. */
  downloadBytes: z.number(),
  /** Memory in bytes with the context and parallel requests that are set. */
  needsBytes: z.number(),
  fits: z.boolean(),
});
export type OfferedEntry = z.infer<typeof offeredEntrySchema>;
