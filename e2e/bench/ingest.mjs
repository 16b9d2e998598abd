// @ts-check
/**
 * A large .jsonl through the built studio's job, in headless Chromium: MB/s, and memory of the corpus worker and of all processes. The
 * file is one Blob's parts repeated, so nothing but what is stored lies on the disk.
 *
 *     node e2e/bench/job.mjs [--megabytes 1024] [--folder dist]
 */
import { readFileSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright';
import { buildIfStale } from '../../tools/build-if-stale.mjs';
import { browserFlags, ensureBrowser } from '../../tools/find-browser.mjs';
import { serve } from '../../tools/serve.mjs';
import { processorSeconds } from './processor-time.mjs';

const { values } = parseArgs({ options: { megabytes: { type: 'string', default: '1024' }, folder: { type: 'string' } } });
const megabytes = Number(values.megabytes);
if (!values.folder && !buildIfStale()) process.exit(1);
const server = await serve({ folder: values.folder ?? 'dist', port: 5305 });
const browser = await chromium.launch({ executablePath: await ensureBrowser(), args: browserFlags() });
try {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(`[page] ${error.message}`));
  await page.goto(`${server.url}#/corpus`);
  await page.waitForFunction(() => 'crossfade' in window);
  await page.evaluate(() => /** @type {any} */ (window).crossfade.lab.corpus.list());
  const ask = await workerSession(page, 'corpus.worker');

  const residentBefore = rendererBytes();
  const processorBefore = processorSeconds(process.pid);
  let live = 0;
  let resident = 0;
  let samples = 0;
  let running = true;
  const taking = page
    .evaluate(async (size) => {
      /** @type {import('../../src/contract/corpus').CorpusApi} */
      const corpus = /** @type {any} */ (window).crossfade.lab.corpus;
      const words = 'the flow of text through a channel 通道里的文字 ';
      const part = new Blob(
        Array.from(
          { length: 1000 },
          (_, at) => `${JSON.stringify({ text: `${at}: ${words.repeat(17)}`, meta: { at, of: 'x'.repeat(30) } })}\n`,
        ),
      );
      const file = new File(Array(Math.round((size * 2 ** 20) / part.size)).fill(part), 'large.jsonl');
      const channel = await corpus.createChannel({ name: 'Bench', colour: 'extra-0', role: 'general', language: null });
      const begun = performance.now();
      const options = { channel: channel.id, use: /** @type {const} */ ('split'), choice: {}, choices: {} };
      const sources = await corpus.ingest([{ path: 'large.jsonl', file }], options, () => undefined);
      const seconds = (performance.now() - begun) / 1000;
      await corpus.removeChannel(channel.id);
      return { seconds, bytes: file.size, rows: sources[0]?.rows ?? 0 };
    }, megabytes)
    .finally(() => (running = false));
  while (running) {
    await ask('HeapProfiler.collectGarbage');
    const { usedSize, backingStorageSize = 0 } = await ask('Runtime.getHeapUsage');
    live = Math.max(live, usedSize + backingStorageSize);
    resident = Math.max(resident, rendererBytes());
    samples++;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  const { seconds, bytes, rows } = await taking;
  const MB = 2 ** 20;
  console.log(`${cpus().length} × ${cpus()[0]?.model}; Chromium ${browser.version()}`);
  console.log(`${(bytes / MB).toFixed(0)} MiB, ${rows} rows in ${seconds.toFixed(1)} s: ${(bytes / MB / seconds).toFixed(1)} MiB/s`);
  console.log(`processor time, collecting garbage included: ${(processorSeconds(process.pid) - processorBefore).toFixed(1)} s`);
  console.log(`corpus worker, alive: at most ${(live / MB).toFixed(0)} MiB in ${samples} samples`);
  console.log(`renderers, resident: ${(residentBefore / MB).toFixed(0)} MiB before, at most ${(resident / MB).toFixed(0)} MiB during`);
} finally {
  await browser.close();
  await server.close();
}

/**
 * Asks a worker by the protocol of the developer tools.
 * @param {import('playwright').Page} page
 * @param {string} name
 * @returns {Promise<(method: string) => Promise<any>>}
 */
async function workerSession(page, name) {
  const cdp = await page.context().newCDPSession(page);
  /** @type {string} */
  const session = await new Promise((resolve) => {
    cdp.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      if (targetInfo.url.includes(name)) resolve(sessionId);
    });
    void cdp.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  });
  /** @type {Map<number, (result: unknown) => void>} */
  const waiting = new Map();
  cdp.on('Target.receivedMessageFromTarget', ({ sessionId, message }) => {
    const { id, result } = JSON.parse(message);
    if (sessionId === session) waiting.get(id)?.(result);
  });
  let next = 1;
  return (method) =>
    new Promise((resolve) => {
      waiting.set(next, resolve);
      void cdp.send('Target.sendMessageToTarget', { sessionId: session, message: JSON.stringify({ id: next++, method }) });
    });
}

/** Resident memory of this browser's page processes, from Linux's /proc; 0 elsewhere. */
function rendererBytes() {
  let pages = 0;
  try {
    for (const id of readdirSync('/proc')) {
      if (!/^\d+$/.test(id) || !isOurs(Number(id))) continue;
      if (readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('--type=renderer'))
        pages += Number(readFileSync(`/proc/${id}/statm`, 'utf8').split(' ')[1]);
    }
  } catch {
    return pages * 4096;
  }
  return pages * 4096;
}

/** @param {number} id */
function isOurs(id) {
  for (let at = id; at > 1;) {
    if (at === process.pid) return true;
    try {
      const stat = readFileSync(`/proc/${at}/stat`, 'utf8');
      at = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    } catch {
      return false;
    }
  }
  return false;
}
