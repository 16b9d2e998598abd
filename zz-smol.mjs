import { chromium } from 'playwright';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { serve } from './tools/serve.mjs';
import { browserFlags, ensureBrowser } from './tools/find-browser.mjs';
const server = await serve({ folder: '/tmp/qdist2', port: 4799 });
const profile = '/tmp/smol-profile';
if (process.argv[2] === 'import') rmSync(profile, { recursive: true, force: true });
const parentOf = (p) => { try { return /PPid:\s+(\d+)/.exec(readFileSync(`/proc/${p}/status`, 'utf8'))[1]; } catch { return '0'; } };
const isOurs = (p) => { for (let at = p; at !== '0' && at !== '1'; at = parentOf(at)) { try { if (at !== p && readFileSync(`/proc/${at}/cmdline`, 'utf8').includes('/tmp/smol-profile')) return true; } catch { return false; } } return false; };
const heap = async (page) => { for (const w of page.workers()) if (w.url().includes('trainer.worker')) return w.evaluate(() => (self.__mem ?? []).map((m) => Math.round(m.buffer.byteLength / 1e6))); return null; };
const renderers = () => readdirSync('/proc').filter((p) => /^\d+$/.test(p)).flatMap((p) => { try { const c = readFileSync(`/proc/${p}/cmdline`, 'utf8'); if (!c.includes('--type=renderer') || !isOurs(p)) return []; const s = readFileSync(`/proc/${p}/status`, 'utf8'); const of = (k) => Math.round(Number(new RegExp(k + ':\\s+(\\d+)').exec(s)[1]) / 1024); return [{ pid: p, rss: of('VmRSS'), peak: of('VmHWM') }]; } catch { return []; } });
async function open() {
  const browser = await chromium.launchPersistentContext(profile, { headless: true, executablePath: await ensureBrowser(), args: [...browserFlags()], env: { ...process.env, QLORA_MARK: '1' } });
  const page = browser.pages()[0];
  await browser.route('**/trainer.worker-*.js', async (route) => { const r = await route.fetch(); const body = await r.text(); await route.fulfill({ response: r, body: body + "\n;{const M=WebAssembly.Memory;self.__mem=[];WebAssembly.Memory=class extends M{constructor(o){super(o);self.__mem.push(this);}}}" }); });
  await page.goto(`${server.url}?backend=wasm&threads=2`);
  await page.waitForFunction(() => 'crossfade' in window);
  return { browser, page };
}
try {
  if (process.argv[2] === 'import') {
    const { browser, page } = await open();
    const id = await page.evaluate(async () => {
      const blob = await (await fetch('/smol.gguf')).blob();
      const record = await window.crossfade.lab.library.importModel([new File([blob], 'SmolLM2-135M.gguf')], 'smol', () => {});
      return record.id;
    });
    console.log('imported', id);
    await browser.close();
  } else {
    const config = JSON.parse(process.argv[2]);
    const { browser, page } = await open();
    await page.evaluate(() => window.crossfade.lab.trainer.open({ backend: 'wasm', threads: 2, requireHardware: false }));
    const base = await page.evaluate(async () => (await window.crossfade.lab.library.models()).find((m) => m.name === 'smol').id);
    const recipe = JSON.parse(readFileSync('./public/recipes/domain-only.json')).recipe;
    Object.assign(recipe, { base, sequenceLength: 64, batchSize: 1, budget: { steps: 6 }, evaluation: { everySteps: 100, rowsPerChannel: 1, probesPerGroup: 0 }, saving: { everySteps: 100, keep: 1 }, logging: { everySteps: 1 }, activationCheckpointing: config.checkpointing ?? false });
    if (config.method) recipe.method = { kind: 'lora', r: 8, alpha: 16, targets: ['all-linear'], ...config.method };
    if (config.regularisation) recipe.regularisation = config.regularisation;
    const began = Date.now();
    const id = await page.evaluate(([recipe]) => window.crossfade.lab.trainer.start(recipe, 'x', () => {}), [recipe]);
    console.log('loaded after', (Date.now() - began) / 1000, 's', JSON.stringify(renderers()), 'heap MB', JSON.stringify(await heap(page)));
    let view, times = [], last = -1;
    for (;;) {
      console.log; view = await page.evaluate(async (run) => { const v = await window.crossfade.view(run); return { step: v.step, state: v.state, error: v.error, tps: v.tokensPerSecond, channels: JSON.stringify(v.channels ?? v.meters ?? null).slice(0, 600) }; }, id);
      if (view.step !== last) { times.push([view.step, (Date.now() - began) / 1000]); last = view.step; }
      if (!['preparing', 'running'].includes(view.state)) break;
      await new Promise((r) => setTimeout(r, 200));
    }
    console.log(JSON.stringify(view), JSON.stringify(times));
    console.log('renderers MiB', JSON.stringify(renderers()), 'heap MB', JSON.stringify(await heap(page)));
    console.log('tensors', JSON.stringify(await page.evaluate(() => window.crossfade.lab.trainer.memory())));
    const m = await page.evaluate(async () => { const r = await performance.measureUserAgentSpecificMemory(); return { MB: r.bytes / 1e6, parts: r.breakdown.filter((b) => b.bytes > 1e6).map((b) => [Math.round(b.bytes / 1e6), b.types.join(), b.attribution.map((a) => a.scope + ' ' + a.url.split('/').at(-1)).join()]) }; }).catch((e) => String(e));
    console.log('browser', JSON.stringify(m));
    await browser.close();
  }
} finally { await server.close(); }
