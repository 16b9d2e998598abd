// @ts-check
/**
 * Bytes and time of a run's messages by the length of the run: 6 channels, a window logged every 5 steps, an evaluation every 100, 3
 * checkpoints kept. Bytes are those of the structured clone as V8 writes it, which is what postMessage sends in Chromium; the message's
 * counter and the step of an evaluation are whole numbers, which it writes in one to five bytes.
 *
 *     node e2e/bench/feed.mjs
 */
import { serialize } from 'node:v8';
import { runnerImport } from 'vite';

const load = async (/** @type {string} */ path) => (await runnerImport(path)).module;
const { RunFeed } = await load('./src/core/run/feed.ts');
const { FollowedRun, openView } = await load('./src/core/run/view.ts');
const { exampleRecipe } = await load('./src/core/run/example-run.ts');

const SHOWN = [100, 1_000, 10_000, 100_000];
const ids = ['zh', 'en', 'code', 'domain', 'domain-legal', 'notes'];
/** @template Value @param {(at: number) => Value} value */
const each = (value) => Object.fromEntries(ids.map((id, at) => [id, value(at)]));
const noise = (/** @type {number} */ step, /** @type {number} */ at) =>
  3.5 + Math.sin(step * 12.9898 + at * 78.233) / 4 - Math.log10(step + 1) / 10;

const record = {
  id: 'run',
  name: 'bench',
  createdAt: 0,
  updatedAt: 0,
  state: 'running',
  stopReason: null,
  error: null,
  recipe: {
    ...exampleRecipe,
    channels: ids.map((id, at) => ({ id, corpus: id, role: at < 3 ? 'general' : 'domain', share: 1 / 6 })),
    budget: { steps: SHOWN.at(-1) },
  },
  changes: [],
  step: 0,
  tokens: 0,
  trainTokens: each(() => 1e6),
  device: 'bench',
  base: null,
  latest: null,
};
/** @type {any} */
const feed = new RunFeed(record);
/** @type {any} */
let followed = new FollowedRun(feed.whole());

/** @type {Record<string, { bytes: number, send: number[], read: number[] }>} */
let last = {};
/** @param {'window' | 'evaluation' | 'checkpoint'} kind */
function send(kind) {
  const begun = performance.now();
  const message = feed.increment();
  const sent = performance.now();
  followed.apply(structuredClone(message));
  const read = performance.now();
  const entry = (last[kind] ??= { bytes: 0, send: [], read: [] });
  entry.bytes = serialize(message).length;
  entry.send.push(sent - begun);
  entry.read.push(read - sent);
}
const median = (/** @type {number[]} */ values) => values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const rows = [];
/** @type {any[]} */
let checkpoints = [];
for (let step = 0; step <= (SHOWN.at(-1) ?? 0); step += 5) {
  [record.step, record.tokens] = [step, step * 1024];
  if (step > 0) {
    const loss = each((at) => noise(step, at));
    feed.addRow({ step, lr: 3e-4, gradNorm: 0.8, stepMs: 41.5, tokens: step * 1024, loss, count: each(() => 853), total: noise(step, 9) });
    send('window');
  }
  if (step % 100 !== 0) continue;
  feed.addEvaluation({ step, channels: each((at) => ({ loss: noise(step, at), tokens: 1024, bytes: 3000 })), retention: 0.98 });
  send('evaluation');
  if (step === 0) continue;
  checkpoints = [...checkpoints.slice(-2), { runId: 'run', step, at: step, bytes: 7e6, reason: 'periodic', evaluation: null }];
  feed.setCheckpoints(checkpoints);
  send('checkpoint');
  if (!SHOWN.includes(step)) continue;
  const { window, evaluation, checkpoint } = last;
  const whole = feed.whole();
  const points = Math.max(...Object.values(followed.view.train).map(({ x }) => x.length));
  rows.push({
    step,
    'bytes, one window': window?.bytes,
    'bytes, an evaluation': evaluation?.bytes,
    'bytes, a checkpoint': checkpoint?.bytes,
    'bytes, all so far (once)': serialize(whole).length,
    'worker, ms a window': Number(median(window?.send ?? []).toFixed(4)),
    'page, ms a window': Number(median(window?.read ?? []).toFixed(4)),
    'page, ms an evaluation': Number(median(evaluation?.read ?? []).toFixed(4)),
    'points a curve': points,
  });
  followed = new FollowedRun(whole);
  last = {};
}
console.table(rows);

// A stored run of 100,000 windows as a page opens it: processor time of its longest stretch, and of all.
const windows = new RunFeed({ ...record, recipe: { ...record.recipe, budget: { steps: 100_000 } } });
for (let step = 1; step <= 100_000; step++) {
  const loss = each((at) => noise(step, at));
  windows.addRow({ step, lr: 3e-4, gradNorm: 0.8, stepMs: 41.5, tokens: step * 1024, loss, count: each(() => 853), total: noise(step, 9) });
}
const opened = windows.whole();
const processor = () => process.cpuUsage().user / 1000;
const stretches = [];
for (let turn = 0; turn < 5; turn++) {
  let from = processor();
  /** @type {number[]} */
  const taken = [];
  const rest = async () => {
    taken.push(processor() - from);
    await new Promise((resolve) => setTimeout(resolve));
    from = processor();
  };
  await openView(opened, rest);
  await rest();
  stretches.push({ longest: Math.round(Math.max(...taken)), all: Math.round(taken.reduce((sum, ms) => sum + ms, 0)) });
}
console.table(stretches);
