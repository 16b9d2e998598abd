/** The GPU path: fused kernels in place of the reference ops on tfjs's WebGPU backend. */
import { registerWebgpu as registerActivation } from '../ops/activation/webgpu';
import { registerWebgpu as registerAdd } from '../ops/add/webgpu';
import { registerWebgpu as registerAdamw } from '../ops/adamw/webgpu';
import { registerWebgpu as registerAttention } from '../ops/attention/webgpu';
import { registerWebgpu as registerCrossEntropy } from '../ops/cross-entropy/webgpu';
import { registerWebgpu as registerDropout } from '../ops/dropout/webgpu';
import { registerWebgpu as registerEmbedding } from '../ops/embedding/webgpu';
import { registerWebgpu as registerLinear } from '../ops/linear/webgpu';
import { registerWebgpu as registerNorm } from '../ops/norm/webgpu';
import { registerWebgpu as registerReductions } from '../ops/reductions/webgpu';
import { registerWebgpu as registerRotary } from '../ops/rotary/webgpu';
import { setHalfStorage } from '../ops/half-storage';
import { WebgpuEngine } from './engine';
import { registerReplay } from './replay';
import type { Tiles } from './engine';

/** Puts the kernels into tfjs's registry. tfjs's WebGPU backend must be the current one. @param subgroups false: not used even where the device has them */
export function registerWebgpuKernels(tiles: Tiles, subgroups = true): void {
  const engine = new WebgpuEngine(tiles, subgroups);
  for (const register of [
    registerActivation,
    registerAdamw,
    registerAdd,
    registerAttention,
    registerCrossEntropy,
    registerDropout,
    registerEmbedding,
    registerLinear,
    registerNorm,
    registerReductions,
    registerRotary,
  ])
    register(engine);
  registerReplay();
  setHalfStorage('webgpu', (weights, work) => engine.storeHalves(weights, work));
}
