/** Logs followed in the origin's own file system, whose handles are those of a picker, and over a host that is stood in for. */
import { transferHandlers } from 'comlink';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { crossErrors } from '../../src/core/errors';
import eventsUrl from '../../src/core/trackers/fixtures/cluster-run/cluster.tfevents?url';
import metrics from '../../src/core/trackers/fixtures/cluster-run/metrics.jsonl?raw';
import recipe from '../../src/core/trackers/fixtures/cluster-run/recipe.json?raw';
import { FollowedRun } from '../../src/core/run/view';
import type { FollowStatus } from '../../src/contract/follow';
import { hubApi } from '../hub/api';
import { sha256 } from '../storage/hash';
import { lockedRuns } from '../storage/locks';
import { fetchBytes } from '../storage/public-files';
import { libraryApi } from './api';

const lines = metrics.trimEnd().split('\n');
// Looks come as fast as they are waited for.
const rest = globalThis.setTimeout;
beforeAll(() => {
  crossErrors(transferHandlers);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterAll(() => void vi.useRealTimers());

async function until(check: () => void | Promise<void>): Promise<void> {
  for (let looks = 0; ; looks++)
    try {
      return await check();
    } catch (error) {
      if (looks > 300) throw error;
      await vi.advanceTimersByTimeAsync(1000);
      await new Promise((later) => rest(later, 10));
    }
}

const runs: string[] = [];
let last: FollowStatus;
afterEach(async () => {
  vi.unstubAllGlobals();
  for (const id of runs.splice(0)) {
    await libraryApi.leave(id);
    await libraryApi.removeRun(id);
  }
  const root = await navigator.storage.getDirectory();
  await root.removeEntry('watched', { recursive: true }).catch(() => undefined);
});

async function folder(): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle('watched', { create: true });
}
async function write(name: string, content: string | Uint8Array<ArrayBuffer>, into = folder()): Promise<void> {
  const stream = await (await (await into).getFileHandle(name, { create: true })).createWritable();
  await stream.write(content);
  await stream.close();
}
async function contentOf(name: string): Promise<string> {
  return (await (await (await folder()).getFileHandle(name)).getFile()).text();
}
async function follow(handle: FileSystemDirectoryHandle | FileSystemFileHandle): Promise<string> {
  await libraryApi.watchFollows((status) => (last = status));
  const id = await libraryApi.follow({ handle }, null, null);
  runs.push(id);
  return id;
}
const untilStep = (step: number, id: string) => until(async () => expect((await libraryApi.run(id)).step).toBe(step));

it('a folder of train.py grows on the desk, and its control file is written', async () => {
  const [first, second] = [lines.slice(0, 3), lines.slice(3, 7)];
  await write('metrics.jsonl', `${first.join('\n')}\n${second[0]!.slice(0, 20)}`);
  await write('recipe.json', recipe);
  await write('notes.csv', 'step,loss\n1,2\n');
  const id = await follow(await folder());
  expect(await libraryApi.run(id)).toMatchObject({ state: 'running', step: 4, name: 'followed', followed: true });
  expect(await lockedRuns()).toContain(id);
  let shown: FollowedRun | null = null;
  await libraryApi.listenFollowed(id, (message) => {
    if (message.header) shown = new FollowedRun(message);
    else expect(shown!.apply(message)).toBe(true);
  });
  expect(shown!.view).toMatchObject({ step: 4, steps: 24, remote: { recipe: true } });

  // A wish is written for the script, and again in other bytes where it is wished again.
  expect(last).toMatchObject({ state: 'live', control: 'takes', waiting: null });
  await libraryApi.control(id, { settings: { schedule: { ...shown!.view.settings.schedule, peakLr: 1e-3 } } });
  await libraryApi.control(id, { settings: { shares: { domain: 0.5 } } });
  const asked = JSON.parse(await contentOf('control.json')) as object;
  expect(asked).toEqual({ shares: expect.objectContaining({ domain: 0.5 / 1.333 }) as unknown, schedule: { peakLr: 1e-3 } });
  expect(last.waiting).not.toBeNull();

  // The script takes it: by its hash.
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(await contentOf('control.json')));
  const mark = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const taken = second.map((line) => line.replace(/"control": "[0-9a-f]{64}"/, `"control": "${mark}"`));
  await write('metrics.jsonl', `${[...first, ...taken].join('\n')}\n`);
  await untilStep(8, id);
  await until(() => expect(last).toMatchObject({ waiting: null, answer: { step: 5, refused: null } }));
  expect(shown!.view.settings.schedule.peakLr).toBe(1e-3);
  expect(shown!.view.events.map(({ type }) => type)).toEqual(['started', 'evaluation', 'mixture', 'learning-rate', 'evaluation']);

  // One that is refused is told with the script's sentence, and the same wish again has another hash.
  await libraryApi.control(id, { settings: {}, save: true });
  const before = await contentOf('control.json');
  const refused = JSON.stringify({ kind: 'event', type: 'refused', step: 9, sentence: 'No.' });
  await write('metrics.jsonl', `${[...first, ...taken, refused].join('\n')}\n`);
  await until(() => expect(last).toMatchObject({ waiting: null, answer: { step: 9, refused: 'No.' } }));
  await libraryApi.control(id, { settings: {}, save: true });
  expect(await contentOf('control.json')).toBe(`${before}\n`);

  // The script was killed and goes on from step 4: its log is cut there, and longer by the time it is read.
  const again = lines.slice(7).map((line) => line.replace('"step": 12', '"step": 6'));
  await write('metrics.jsonl', `${[...first, ...again].join('\n')}\n`);
  await untilStep(24, id);
  expect(shown!.view.windows.step).toEqual(Float64Array.from([1, 4, 6, 16, 20, 24]));
  expect(await libraryApi.run(id)).toMatchObject({ state: 'finished', stopReason: 'budget' });
  // Its end ends the following; the disk has what the desk shows.
  await until(() => expect(last.state).toBe('ended'));
  expect(await lockedRuns()).not.toContain(id);
  expect((await libraryApi.metrics(id)).rows.map(({ step }) => step)).toEqual([1, 4, 6, 16, 20, 24]);
});

it('an event file that grows is a run, and goes on after its tab was away', async () => {
  const bytes = new Uint8Array(await (await fetch(eventsUrl)).arrayBuffer());
  await write('events.out.tfevents.1', bytes.slice(0, 1700));
  const id = await follow(await folder());
  const before = (await libraryApi.run(id)).step;
  expect(last.control).toBe('log');
  expect(before).toBeLessThan(24);
  await libraryApi.leave(id);
  // Its lock is free: nobody follows it.
  expect(await libraryApi.run(id)).toMatchObject({ state: 'interrupted', imported: { format: 'tensorboard' } });
  await write('events.out.tfevents.1', bytes);
  expect(await libraryApi.follow((await libraryApi.followPlace(id))!, id, null)).toBe(id);
  expect(await libraryApi.run(id)).toMatchObject({ state: 'running', step: 24 });
});

it('a folder without a log keeps nothing', async () => {
  await write('notes.txt', 'nothing');
  const before = (await libraryApi.runs()).length;
  await expect(libraryApi.follow({ handle: await folder() }, null, null)).rejects.toMatchObject({ code: 'tracker-unknown' });
  expect(await libraryApi.runs()).toHaveLength(before);
  expect((await lockedRuns()).size).toBe(0);
});

interface Asked {
  path: string;
  range: string | null;
  method: string;
}

/** A host with one log. @param ranges gives parts of it */
function host(content: () => string | null, ranges: boolean): Asked[] {
  const asked: Asked[] = [];
  const own = fetch;
  vi.stubGlobal('fetch', async (input: URL | string, init: RequestInit = {}) => {
    const url = new URL(input instanceof Request ? input.url : input, location.href);
    if (url.host !== 'logs.example') return own(input, init);
    const range = new Headers(init.headers).get('Range');
    asked.push({ path: url.pathname, range, method: init.method ?? 'GET' });
    const found = content();
    if (found === null) throw new TypeError('Failed to fetch');
    if (!url.pathname.endsWith('metrics.jsonl')) return new Response(null, { status: 404 });
    const bytes = new TextEncoder().encode(found);
    const headers = { ETag: `"${bytes.length}"` };
    if (!ranges || !range) return new Response(init.method === 'HEAD' ? null : bytes, { headers });
    const from = Number(/bytes=(\d+)-/.exec(range)![1]);
    return from >= bytes.length ? new Response(null, { status: 416 }) : new Response(bytes.slice(from), { status: 206 });
  });
  return asked;
}

async function followAddress(): Promise<string> {
  const address = 'https://logs.example/run/metrics.jsonl';
  const { port1, port2 } = new MessageChannel();
  await hubApi.serveLog(address, port1);
  await libraryApi.watchFollows((status) => (last = status));
  const id = await libraryApi.follow({ address }, null, port2);
  runs.push(id);
  return id;
}

it('of a log at an address only what was added is fetched', async () => {
  let shown = `${lines.slice(0, 3).join('\n')}\n`;
  let up = true;
  const asked = host(() => (up ? shown : null), true);
  const id = await followAddress();
  expect(last).toMatchObject({ control: 'log', whole: false });
  shown = `${lines.slice(0, 5).join('\n')}\n`;
  await untilStep(8, id);
  const logs = asked.filter(({ path }) => path.endsWith('metrics.jsonl'));
  // What is known is asked for again by its last bytes alone.
  const known = new TextEncoder().encode(lines.slice(0, 3).join('\n')).length + 1;
  expect(logs.slice(1).every(({ range }) => Number(/bytes=(\d+)-/.exec(range!)![1]) >= known - 1024)).toBe(true);
  // Files that the host has not are asked for once.
  expect(asked.filter(({ path }) => path === '/run/recipe.json')).toHaveLength(1);
  up = false;
  await until(() => expect(last).toMatchObject({ state: 'lost', error: { code: 'log-unreachable', values: { host: 'logs.example' } } }));
  // It comes back shorter: it was written anew.
  up = true;
  shown = `${lines.slice(0, 2).join('\n')}\n`;
  await untilStep(1, id);
  await until(() => expect(last).toMatchObject({ state: 'live', error: null }));
});

it('a host without ranges is asked whether the log has changed before it gives all of it', async () => {
  let shown = `${lines.slice(0, 3).join('\n')}\n`;
  const asked = host(() => shown, false);
  const id = await followAddress();
  await until(() => expect(asked.filter(({ method }) => method === 'HEAD')).toHaveLength(1));
  expect(asked.filter(({ path, method }) => path.endsWith('metrics.jsonl') && method === 'GET')).toHaveLength(1);
  shown = `${lines.join('\n')}\n`;
  await untilStep(24, id);
  expect(last.whole).toBe(true);
});

it('a checkpoint of the script, without a config, is a model with its base’s and with the run', async () => {
  await write('metrics.jsonl', `${lines.join('\n')}\n`);
  await write('recipe.json', recipe);
  const id = await follow(await folder());
  // Loose safetensors and the state of accelerate beside it.
  const weights = await fetchBytes('models/nano/model.safetensors');
  const files = [new File([weights], 'model.safetensors'), new File(['{}'], 'cursor.json')];
  const model = await libraryApi.importRunWeights(id, 24, files, 'from the cluster', () => undefined);
  try {
    expect(model).toMatchObject({ parameters: 1311872, keptFrom: { run: id, step: 24, sha256: await sha256(weights) } });
    expect((await libraryApi.models()).find((one) => one.id === model.id)).toMatchObject({ keptFrom: { run: id, step: 24 } });
  } finally {
    await libraryApi.removeModel(model.id);
  }
});
