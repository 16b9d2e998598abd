// @ts-check
/**
 * Steps a second of a run in a tab that is shown, and in the same tab behind another one, by turns. A window with a screen is needed
 * (`xvfb-run` makes one): a headless browser hides no tab. Nothing of the browser's own throttling is switched off.
 *
 *     xvfb-run -a node --experimental-websocket e2e/bench/hidden-tab.mjs [--seconds 15] [--rounds 3]
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildIfStale } from '../../tools/build-if-stale.mjs';
import { browserFlags, ensureBrowser } from '../../tools/find-browser.mjs';
import { serve } from '../../tools/serve.mjs';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '15' }, rounds: { type: 'string', default: '3' } } });
const wait = (/** @type {number} */ seconds) => new Promise((later) => setTimeout(later, seconds * 1000));

if (!buildIfStale()) process.exit(1);
const server = await serve({ folder: 'dist', port: 0 });
const profile = await mkdtemp(join(tmpdir(), 'crossfade-hidden-'));
// Not by Playwright, which gives each page a focus that never leaves.
const browser = spawn(
  await ensureBrowser(),
  [...browserFlags(), `--user-data-dir=${profile}`, '--remote-debugging-port=0', '--no-default-browser-check', server.url],
  { stdio: ['ignore', 'ignore', 'pipe'] },
);
try {
  /** @type {string} */
  const address = await new Promise((done) =>
    browser.stderr.on('data', (said) => {
      const [, found] = /ws:\/\/([^/]+)\//.exec(String(said)) ?? [];
      if (found) done(`http://${found}`);
    }),
  );
  /** @type {() => Promise<{ id: string, url: string, webSocketDebuggerUrl: string }[]>} */
  const tabs = async () => (await fetch(`${address}/json/list`)).json();
  let tab = (await tabs()).find(({ url }) => url.startsWith(server.url));
  while (!tab) {
    await wait(0.5);
    tab = (await tabs()).find(({ url }) => url.startsWith(server.url));
  }
  const socket = new WebSocket(tab.webSocketDebuggerUrl);
  await new Promise((done) => socket.addEventListener('open', done));
  let calls = 0;
  /** @param {string} expression @returns {Promise<any>} */
  const evaluate = (expression) =>
    new Promise((done) => {
      const id = ++calls;
      socket.addEventListener('message', function heard({ data }) {
        const answer = JSON.parse(String(data));
        if (answer.id !== id) return;
        socket.removeEventListener('message', heard);
        done(answer.result?.result?.value);
      });
      socket.send(JSON.stringify({ id, method: 'Runtime.evaluate', params: { expression } }));
    });
  const step = async () => Number(await evaluate(`document.querySelector('[data-testid=progress]')?.dataset.step ?? 0`));
  while (
    !(await evaluate(`(() => { const run = document.querySelector('[data-testid=run]:enabled'); run?.click(); return Boolean(run); })()`))
  )
    await wait(0.5);
  while ((await step()) < 5) await wait(0.5);
  const other = await (await fetch(`${address}/json/new?about:blank`, { method: 'PUT' })).json();
  for (let round = 0; round < Number(values.rounds); round += 1)
    for (const [name, { id }] of /** @type {const} */ ([
      ['shown', tab],
      ['hidden', other],
    ])) {
      await fetch(`${address}/json/activate/${id}`);
      await wait(2);
      const state = await evaluate('document.visibilityState');
      const [began, from] = [performance.now(), await step()];
      await wait(Number(values.seconds));
      const rate = ((await step()) - from) / ((performance.now() - began) / 1000);
      console.log(`${name} (${state}): ${rate.toFixed(2)} steps/s`);
    }
} finally {
  browser.kill();
  await server.close();
  await wait(1);
  await rm(profile, { recursive: true, force: true, maxRetries: 3 });
}
