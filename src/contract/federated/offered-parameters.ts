import type { RoundParameters } from './round-parameters.ts';
import type { RoundOffer } from './rounds.ts';

/**
 * What a secure round goes by, as node and gateway both take it from the offer. With SCAFFOLD the update and the change of the control
 * variate are one vector, one behind the other. Null for a plain round.
 */
export function offeredParameters(offer: RoundOffer, modelParameters: number): RoundParameters | null {
  if (!offer.secure) return null;
  const { threshold, clipping_range, quantization_range, max_weight } = offer.secure;
  return {
    v: 1,
    round_id: offer.round_id,
    model_sha256: offer.model_sha256,
    participants: offer.node_keys,
    threshold,
    vector_length: offer.control_sha256 === undefined ? modelParameters : 2 * modelParameters,
    clipping_range,
    quantisation_range: quantization_range,
    max_weight,
  };
}
