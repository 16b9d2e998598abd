/** The page as served: isolated, under its policy, and talking to nobody else. */
import { expect, test } from '@playwright/test';

test('the page is isolated, starts without an error and asks no other origin for anything', async ({ page, baseURL }) => {
  const origin = new URL(baseURL!).origin;
  const foreign: string[] = [];
  const faults: string[] = [];
  page.on('request', (request) => {
    const { protocol, origin: asked } = new URL(request.url());
    if (protocol !== 'data:' && protocol !== 'blob:' && asked !== origin) foreign.push(request.url());
  });
  // Violations of the policy are reported to the console as errors, the workers' included.
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto('./');
  await expect(page.locator('#root')).not.toBeEmpty();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await page.waitForLoadState('networkidle');
  expect(faults).toEqual([]);
  expect(foreign).toEqual([]);
});

test('the policy stops eval, inline scripts and requests to other origins', async ({ page }) => {
  await page.goto('./');
  const stopped = await page.evaluate(async () => {
    const violations: string[] = [];
    document.addEventListener('securitypolicyviolation', (event) => violations.push(event.effectiveDirective));
    const inline = document.createElement('script');
    inline.textContent = 'window.inlineRan = true';
    document.body.append(inline);
    const fetched = await fetch('https://crossfade.invalid/').then(
      () => 'sent',
      () => 'stopped',
    );
    let evaluated = 'stopped';
    try {
      evaluated = String(globalThis.eval('"ran"'));
    } catch {
      // What it should do.
    }
    await new Promise((done) => setTimeout(done, 100));
    return { fetched, evaluated, inline: 'inlineRan' in window, violations: [...new Set(violations)].sort() };
  });
  expect(stopped).toEqual({
    fetched: 'stopped',
    evaluated: 'stopped',
    inline: false,
    violations: ['connect-src', 'script-src', 'script-src-elem'],
  });
});
