/** What every browser test of the engine stands on: if this fails, the others fail for the browser's sake, not the code's. */
import { expect, test } from 'vitest';

test('the page is cross-origin isolated and has shared memory', () => {
  expect(crossOriginIsolated).toBe(true);
  expect(new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true }).buffer).toBeInstanceOf(SharedArrayBuffer);
});

test('WebGPU gives an adapter and a device', async () => {
  const adapter = await navigator.gpu.requestAdapter();
  expect(adapter).not.toBeNull();
  const device = await adapter!.requestDevice();
  expect(device.limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(128 * 1024 * 1024);
  device.destroy();
});

test('the origin private file system keeps what was written', async () => {
  const root = await navigator.storage.getDirectory();
  const file = await root.getFileHandle('capabilities.txt', { create: true });
  const writer = await file.createWritable();
  await writer.write('对照');
  await writer.close();
  expect(await (await file.getFile()).text()).toBe('对照');
  await root.removeEntry('capabilities.txt');
});
