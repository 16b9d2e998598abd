/** Guards the `gpu` project: a run on a software adapter would pass for a test on a GPU, so it must not start. */
import { expect, test } from '@playwright/test';

const software = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|warp/i;

test('WebGPU has a hardware adapter', async ({ page }) => {
  await page.goto('./favicon.svg');
  const adapter = await page.evaluate(async () => {
    const found = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
    if (!found) return null;
    const { vendor, architecture, device, description, isFallbackAdapter } = found.info;
    return { name: [vendor, architecture, device, description].filter(Boolean).join(' '), fallback: isFallbackAdapter };
  });
  expect(adapter, 'the browser gives no WebGPU adapter at all: is there a Vulkan driver?').not.toBeNull();
  expect(adapter!.fallback, `the adapter is a fallback one: ${adapter!.name}`).toBe(false);
  expect(adapter!.name, 'the adapter is a software one').not.toMatch(software);
  test.info().annotations.push({ type: 'adapter', description: adapter!.name });
});
