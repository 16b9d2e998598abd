import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmEngine } from '../../wasm/engine';
import { registerWasmKernel } from '../registry';
import { kernels } from '../kernels';
import type { AttentionAttributes } from '.';

const eights = (count: number): number => Math.ceil(count / 8) * 8;
/** Query rows in a block of the backward pass, as in assembly/attention.ts. */
const BLOCK = 32;

interface AttentionInputs {
  q: TensorInfo;
  k: TensorInfo;
  v: TensorInfo;
  documents?: TensorInfo;
}

export function registerWasm(engine: WasmEngine): void {
  registerWasmKernel<AttentionInputs, AttentionAttributes>(
    kernels.Attention,
    ({ q, k, v, documents }, { batch, context, heads, kvHeads, scale, window, cap, bidirectional }) => {
      const [rows, width] = q.shape as [number, number];
      const out = engine.output([rows, width]);
      const lse = engine.output([rows, heads]);
      const size = width / heads;
      const scratch = 256 + 4 * eights(context) * (2 * eights(size) + 8);
      const addresses = [q, k, v, documents, out, lse].map((tensor) => engine.address(tensor));
      inParts(batch, kvHeads, (first, count) => {
        const numbers = [context, heads, kvHeads, size, scale, cap ?? 0, window || context, Number(bidirectional ?? false), first];
        engine.run('attention', count, [...addresses, ...numbers], scratch);
      });
      return [out, lse];
    },
  );

  registerWasmKernel<AttentionInputs & { out: TensorInfo; lse: TensorInfo; dout: TensorInfo }, AttentionAttributes>(
    kernels.AttentionGrad,
    ({ q, k, v, documents, out, lse, dout }, { batch, context, heads, kvHeads, scale, window, cap, bidirectional }) => {
      const dq = engine.output(q.shape);
      const dk = engine.output(k.shape);
      const dv = engine.output(v.shape);
      const size = q.shape[1]! / heads;
      const scratch = 256 + 4 * (eights(context) * (3 * eights(size) + 2 * BLOCK) + 2 * BLOCK * eights(size));
      const addresses = [q, k, v, documents, out, lse, dout, dq, dk, dv].map((tensor) => engine.address(tensor));
      inParts(batch, kvHeads, (first, count) => {
        const numbers = [context, heads, kvHeads, size, scale, cap ?? 0, window || context, Number(bidirectional ?? false), first];
        engine.run('attentionGrad', count, [...addresses, ...numbers], scratch);
      });
      return [dq, dk, dv];
    },
  );
}

/** Chunks are (sequence, key-value head) pairs, in jobs of at most 240. */
function inParts(batch: number, kvHeads: number, job: (first: number, count: number) => void): void {
  const total = batch * kvHeads;
  for (let first = 0; first < total; first += 240) job(first, Math.min(240, total - first));
}
