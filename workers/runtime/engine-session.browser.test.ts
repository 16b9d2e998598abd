import { backend, square, tensor1d } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { openBackend } from '../engine';
import { renewBackend } from './engine-session';

it('computes again after its device is gone, and old tensors can still be let go', async () => {
  const options = { backend: 'webgpu', threads: null, requireHardware: false } as const;
  await openBackend(options);
  const old = square(tensor1d([1, 2]));
  expect([...(await old.data())]).toEqual([1, 4]);
  const { device } = backend() as unknown as { device: GPUDevice };
  device.destroy();
  await device.lost;
  renewBackend('webgpu');
  await openBackend(options);
  expect((backend() as unknown as { device: GPUDevice }).device).not.toBe(device);
  const fresh = square(tensor1d([3, 4]));
  expect([...(await fresh.data())]).toEqual([9, 16]);
  old.dispose();
  fresh.dispose();
}, 120_000);
