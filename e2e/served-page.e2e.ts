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

/** Runs as a file of the page's own origin, since what Playwright evaluates is exempt from the policy. */
const probe = `
  const violations = new Set();
  document.addEventListener('securitypolicyviolation', (event) => violations.add(event.effectiveDirective + ' ' + event.blockedURI));
  const inline = document.createElement('script');
  inline.textContent = 'window.inlineRan = true';
  document.body.append(inline);
  const outcome = async (attempt) => { try { await attempt(); return 'ran'; } catch { return 'stopped'; } };
  const result = {
    eval: await outcome(() => (0, eval)('1')),
    fetch: await outcome(() => fetch('https://crossfade.invalid/')),
    wasm: await outcome(() => WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))),
    inline: 'inlineRan' in window ? 'ran' : 'stopped',
  };
  setTimeout(() => (window.probed = { ...result, violations: [...violations].sort() }), 100);
`;

test('the policy stops eval, inline scripts and requests to other origins, and lets wasm compile', async ({ page }) => {
  await page.route('**/assets/probe.js', (route) => route.fulfill({ contentType: 'text/javascript', body: probe }));
  await page.goto('./');
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.type = 'module';
    script.src = './assets/probe.js';
    document.body.append(script);
  });
  await page.waitForFunction(() => 'probed' in window);
  expect(await page.evaluate(() => (window as unknown as { probed: unknown }).probed)).toEqual({
    eval: 'stopped',
    fetch: 'stopped',
    wasm: 'ran',
    inline: 'stopped',
    violations: ['connect-src https://crossfade.invalid/', 'script-src eval', 'script-src-elem inline'],
  });
});

test('every file comes with the headers that isolate the page and bind it to its origin', async ({ request }) => {
  const [, script] = /<script[^>]+src="\.?\/?([^"]+\.js)"/.exec(await (await request.get('./')).text())!;
  for (const url of ['./', './models/nano/config.json', `./${script}`]) {
    const headers = (await request.get(url)).headers();
    expect(headers['cross-origin-opener-policy'], url).toBe('same-origin');
    expect(headers['cross-origin-embedder-policy'], url).toBe('require-corp');
    expect(headers['content-security-policy'], url).toContain("default-src 'self'");
    expect(headers['content-security-policy'], url).toContain("connect-src 'self'");
    expect(headers['content-security-policy'], url).not.toContain("'unsafe-eval'");
    expect(headers['x-content-type-options'], url).toBe('nosniff');
  }
});
