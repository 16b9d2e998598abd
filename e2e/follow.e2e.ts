/** Logs followed while they are written: a folder by a picker's handle, with its control file, and an address that a person agrees to. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@playwright/test';
import { violations } from './studio/axe';
import { RunsPage } from './studio/runs';
import { visit } from './studio/studio';
import { fill } from './studio/words';

/** Of train.py on two processes: control.json was taken at line 4, the end is the last (src/core/trackers/trackers.test.ts). */
const folder = new URL('../src/core/trackers/fixtures/cluster-run/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8');
const lines = read('metrics.jsonl').trimEnd().split('\n');

const studio = visit(({ page }) =>
  // A picker cannot be driven; the origin's own folder has the same handles.
  page.addInitScript(() => {
    Object.assign(window, {
      showDirectoryPicker: async () => (await navigator.storage.getDirectory()).getDirectoryHandle('watched', { create: true }),
    });
  }),
);
const runs = new RunsPage(studio);

async function write(name: string, text: string): Promise<void> {
  await studio.page.evaluate(
    async ([file, content]) => {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('watched', { create: true });
      const stream = await (await folder.getFileHandle(file!, { create: true })).createWritable();
      await stream.write(content!);
      await stream.close();
    },
    [name, text],
  );
}
const control = () =>
  studio.page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('watched');
    const text = await (await (await folder.getFileHandle('control.json')).getFile()).text();
    const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
    return {
      asked: JSON.parse(text) as unknown,
      mark: [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
    };
  });

test('a folder that is written to is a run that grows', async () => {
  const { page, words } = studio;
  await studio.open({ page: 'runs' });
  await write('metrics.jsonl', `${lines.slice(0, 3).join('\n')}\n{"kind": "wind`);
  await write('recipe.json', read('recipe.json'));
  await studio.button(words.runs.import.follow).click();
  const dialog = page.getByRole('dialog');
  expect(await violations(page, { within: '[role=dialog]' })).toEqual([]);
  await dialog.getByRole('button', { name: words.follow.folder }).click();
  const run = runs.run('followed');
  await expect(run).toContainText(fill(words.runs.step, { step: 4, steps: 24 }));
  await expect(run).toContainText(words.common.state.running);
  const panel = run.getByTestId('follow-panel');
  await expect(panel).toContainText(words.follow.control.takes);
  await write('metrics.jsonl', `${lines.slice(0, 6).join('\n')}\n`);
  await expect(run).toContainText(fill(words.runs.step, { step: 8, steps: 24 }));
  // The held-out losses of the base and at step 8, as train.py printed them.
  await expect(run.getByRole('list', { name: words.runs.losses })).toContainText('3.864');
  expect(await violations(page, { within: '[data-testid=run]' })).toEqual([]);
});

test('a reload goes on with it', async () => {
  await studio.page.reload();
  const run = runs.run('followed');
  await expect(run).toContainText(studio.words.common.state.running);
  await write('metrics.jsonl', `${lines.slice(0, 8).join('\n')}\n`);
  await expect(run).toContainText(fill(studio.words.runs.step, { step: 12, steps: 24 }));
});

test('on the desk its faders write the control file, and show when the script has taken it', async () => {
  const { page, words, desk } = studio;
  await runs.openLatest();
  await runs.run('followed').getByRole('link', { name: words.follow.desk }).click();
  await expect.poll(() => desk.step()).toBe(12);
  await expect(desk.strips).toHaveCount(4);
  await expect(desk.button('pause')).toBeDisabled();
  const panel = page.getByTestId('follow-panel');
  const fader = page.getByTestId('strip-domain').getByRole('slider');
  await fader.focus();
  await page.keyboard.press('PageUp');
  await expect(panel).toContainText(words.follow.waiting);
  const { asked, mark } = await control();
  expect((asked as { shares: Record<string, number> }).shares['domain']).toBeCloseTo(0.425, 2);
  await expect(fader).toHaveAttribute('aria-valuetext', /^42\.5/);
  expect(await violations(page, { within: '[data-testid=follow-panel]' })).toEqual([]);

  const taken = { kind: 'event', type: 'control', settings: asked, control: mark, step: 12, at: 1 };
  await write('metrics.jsonl', `${[...lines.slice(0, 8), JSON.stringify(taken), lines[8]].join('\n')}\n`);
  await expect(panel).toContainText(fill(words.follow.taken, { step: 13 }));
  await expect.poll(() => desk.step()).toBe(16);
  await expect(fader).toHaveAttribute('aria-valuetext', /^42\.5/);

  await desk.button('stop').click();
  await expect.poll(async () => (await control()).asked).toEqual({ stop: true });
  await write('metrics.jsonl', `${[...lines.slice(0, 8), JSON.stringify(taken), ...lines.slice(8)].join('\n')}\n`);
  expect(await desk.waitForEnd()).toBe('finished');
});

test('an address is asked for once its host was agreed to, and what it lacks is told', async () => {
  const { page, words, watch } = studio;
  let open = false;
  const seen: { path: string; range: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const path = request.url!;
    seen.push({ path, range: request.headers.range });
    if (open) response.setHeader('Access-Control-Allow-Origin', '*');
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const bytes = path === '/metrics.jsonl' ? Buffer.from(`${lines.slice(0, 6).join('\n')}\n`) : Buffer.from(read('recipe.json'));
    if (path === '/changes.json') response.writeHead(404).end();
    else response.writeHead(206, { 'Content-Range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }).end(bytes.subarray(from));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    watch.expect(/127\.0\.0\.1|Failed to load resource|CORS/);
    await studio.goTo('runs');
    await studio.button(words.runs.import.follow).click();
    const dialog = page.getByRole('dialog');
    const ask = async () => {
      await dialog.getByLabel(words.follow.address).fill(`http://${host}/metrics.jsonl`);
      await dialog.getByRole('button', { name: words.follow.look }).click();
      // The form makes room for the question.
      await expect(dialog).toHaveCount(1);
      await expect(dialog).toContainText(fill(words.follow.ask.title, { host }));
    };
    await ask();
    expect(await violations(page, { within: '[role=dialog]' })).toEqual([]);
    expect(seen).toEqual([]);
    await dialog.getByRole('button', { name: fill(words.follow.ask.run, { host }) }).click();
    await expect(dialog).toHaveCount(1);
    await expect(dialog.getByRole('alert')).toContainText(new URL(page.url()).origin);
    open = true;
    await ask();
    await dialog.getByRole('button', { name: fill(words.follow.ask.run, { host }) }).click();
    await expect(dialog).toHaveCount(0);
    await expect(page.getByTestId('follow-panel')).toContainText(words.follow.control.address);
    // The second look asks for what is new alone.
    await expect.poll(() => seen.filter(({ path }) => path === '/metrics.jsonl').length, { timeout: 15_000 }).toBeGreaterThan(2);
    expect(Number(/bytes=(\d+)-/.exec(seen.findLast(({ path }) => path === '/metrics.jsonl')!.range!)![1])).toBeGreaterThan(500);
    await studio.button(words.follow.leave).click();
    await expect(page.getByTestId('follow-panel')).toHaveAttribute('data-state', 'left');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
