export { gemm, gemmBatch, gemmScratch } from './gemm';
export { activate, activationGradient, adam, addScaled, biasActivation, scaleRows } from './elementwise';
export {
  addToRows, columnSums, gatherRows, gemmNorms, productSums, repeatRows, rowSquares, segmentNorms, segmentSum, sumSquares, weightedSum,
} from './reductions';
export { convolve, convolveFilterGradient, convolveInputGradient, maxPool, maxPoolGradient } from './convolution';
export { attention, attentionGradient, crossEntropy, layerNorm, layerNormGradient, lstm, lstmGradient } from './sequence';
