/**
 * The CPU kernels as one module. Every exported kernel ends in (chunk, scratch): which part of the work this call does, and the
 * address of memory that belongs to the calling thread alone. Parts may run in any order on any thread.
 */
export { packPlain, packTransposed, productColumns, productRows } from '../../ops/linear/assembly/product';
export { packQuantisedPlain, packQuantisedTransposed } from '../../ops/linear/assembly/quantised';
export { vectorProduct } from '../../ops/linear/assembly/vector';
export { attention, attentionGrad } from '../../ops/attention/assembly/attention';
export { rmsNorm, rmsNormGrad } from '../../ops/norm/assembly/rms-norm';
export { layerNorm, layerNormGrad } from '../../ops/norm/assembly/layer-norm';
export { columnSums, sumPartials } from './column-sums';
export { geglu, gegluGrad, gelu, geluGrad } from '../../ops/activation/assembly/gelu';
export { rotary } from '../../ops/rotary/assembly/rotary';
export { swiglu, swigluGrad } from '../../ops/activation/assembly/swiglu';
export { capRows, crossEntropyGradRows, crossEntropyRows, crossEntropyTrainRows } from '../../ops/cross-entropy/assembly/cross-entropy';
export { embedding, embeddingGrad } from '../../ops/embedding/assembly/embedding';
export { channelSums } from '../../ops/reductions/assembly/channel-sums';
export { dropout } from '../../ops/dropout/assembly/dropout';
export { rootOfSum, sumOfSquares } from '../../ops/reductions/assembly/global-norm';
export { add, copy } from './tensor-ops';
export { adamw } from '../../ops/adamw/assembly/adamw';
