import { backend as tensorBackend, tensor1d } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { openBackend, settled } from '..';
import { WebgpuEngine } from './engine';
import type { Dispatch } from './engine';

beforeAll(async () => {
  await openBackend({ backend: 'webgpu', threads: null, requireHardware: false });
});

function kernel(engine: WebgpuEngine, body: string) {
  return {
    kernel: body,
    reads: { x: tensor1d([1, 2, 3]) },
    writes: { y: engine.output([3]) },
    integers: { more: 4 },
    floats: { factor: 0.5 },
    workgroupSize: 4,
    groups: [1, 1, 1],
    body: () => body,
  } satisfies Dispatch;
}

it('gives a kernel its tensors and parameters', async () => {
  const engine = new WebgpuEngine('registers');
  const dispatch = kernel(engine, 'if (lane < 3u) { y[lane] = x[lane] * params.factor + f32(params.more); }');
  engine.run(dispatch);
  expect([...((await tensorBackend().read(dispatch.writes.y.dataId)) as Float32Array)]).toEqual([4.5, 5, 5.5]);
});

it('says so when the device has refused a kernel', async () => {
  const engine = new WebgpuEngine('registers');
  engine.run(kernel(engine, 'y[lane] = nothing;'));
  await settled();
  const next = () => {
    try {
      engine.run(kernel(engine, 'y[min(lane, 2u)] = x[min(lane, 2u)];'));
      return 'ran';
    } catch (error) {
      return (error as { code?: string }).code;
    }
  };
  await expect.poll(next).toBe('backend-unavailable');
});
