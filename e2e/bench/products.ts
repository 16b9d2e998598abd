/** Speed of the matrix products in each of the three layouts that training uses. */
import { engine, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { settled } from '../../workers/engine';
import { kernels } from '../../workers/engine/ops/kernels';

export interface ProductSpeed {
  layout: string;
  /** Rows, inner size, columns. */
  sizes: [number, number, number];
  gflops: number;
}

function filled(rows: number, columns: number): Tensor {
  return tensor(
    Float32Array.from({ length: rows * columns }, (_, i) => ((i * 2654435761) % 1000) / 1000 - 0.5),
    [rows, columns],
  );
}

const layouts = {
  'x·Wᵀ': (m: number, k: number, n: number) => [kernels.Linear, { x: filled(m, k), weight: filled(n, k) }] as const,
  'dy·W': (m: number, k: number, n: number) => [kernels.LinearGradInput, { dy: filled(m, k), weight: filled(k, n) }] as const,
  'dyᵀ·x': (m: number, k: number, n: number) => [kernels.LinearGradWeight, { dy: filled(k, m), x: filled(k, n) }] as const,
};

/** Fastest of `repeats` runs of about 100 ms, after a warm-up of `warmUp` calls (wasm and drivers compile twice). */
export async function productSpeeds(sizes: [number, number, number][], warmUp: number, repeats = 5): Promise<ProductSpeed[]> {
  const speeds: ProductSpeed[] = [];
  for (const [m, k, n] of sizes)
    for (const [layout, make] of Object.entries(layouts)) {
      const [kernel, inputs] = make(m, k, n);
      const call = () => tidy(() => void engine().runKernel(kernel, inputs));
      for (let i = 0; i < warmUp; i++) call();
      await settled();
      const probe = performance.now();
      call();
      await settled();
      const calls = Math.max(1, Math.min(1000, Math.round(100 / (performance.now() - probe))));
      let best = Infinity;
      for (let repeat = 0; repeat < repeats; repeat++) {
        const start = performance.now();
        for (let i = 0; i < calls; i++) call();
        await settled();
        best = Math.min(best, (performance.now() - start) / calls);
      }
      speeds.push({ layout, sizes: [m, k, n], gflops: (2 * m * k * n) / best / 1e6 });
      for (const input of Object.values(inputs)) input.dispose();
    }
  return speeds;
}
