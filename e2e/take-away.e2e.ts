/** Weights leave the studio as a folder or a zip, and come back as a zip; what is unsound is refused in words of both languages. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strToU8, unzipSync, zipSync, type Zippable } from 'fflate';
import { expect, test } from '@playwright/test';
import { violations } from './studio/axe';
import { smallModel, type UploadedFile } from './studio/model-folders';
import { ModelsPage } from './studio/models';
import { tinyRecipe } from './studio/recipes';
import { RunsPage } from './studio/runs';
import { readSafetensors } from './studio/safetensors';
import { storedFiles } from './studio/storage';
import { visit } from './studio/studio';
import { fill, like } from './studio/words';

const studio = visit(async () => {
  // A picker that always chooses one folder of the browser's own file system: the real one is a window of the system.
  await studio.context.addInitScript(() => {
    const pick = async () => (await navigator.storage.getDirectory()).getDirectoryHandle('disk', { create: true });
    Object.assign(globalThis, { showDirectoryPicker: pick });
  });
});
const runs = new RunsPage(studio);
const models = new ModelsPage(studio);

const zipOf = (files: readonly UploadedFile[], change: Zippable = {}): UploadedFile[] => {
  const entries = Object.fromEntries(files.map(({ name, buffer }) => [`small/${name}`, new Uint8Array(buffer)]));
  return [{ name: 'small.zip', mimeType: 'application/zip', buffer: Buffer.from(zipSync({ ...entries, ...change }, { level: 1 })) }];
};

test('a checkpoint goes straight into a folder, in half precision', async () => {
  const { page, words } = studio;
  await studio.open({ recipe: tinyRecipe({ name: 'kept', steps: 2 }) });
  await studio.desk.train();
  await studio.goTo('runs');
  await runs.choose('kept', 'export');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(words.common.export.kind).selectOption('BF16');
  await dialog.getByRole('button', { name: words.common.export.toFolder }).click();
  await expect(dialog.getByText(fill(words.common.export.written, { name: 'kept-step-2', parent: 'disk' }))).toBeVisible({
    timeout: 30_000,
  });
  // A second time it goes beside the first.
  await dialog.getByRole('button', { name: words.common.export.toFolder }).click();
  await expect(dialog.getByText(fill(words.common.export.written, { name: 'kept-step-2-2', parent: 'disk' }))).toBeVisible({
    timeout: 30_000,
  });
  await dialog.getByRole('button', { name: words.common.close }).click();

  const written = await storedFiles(page, 'disk/kept-step-2');
  expect(written.map(({ path }) => path)).toEqual([
    ...['README.md', 'changes.json', 'config.json', 'generation_config.json', 'metrics.csv', 'metrics.jsonl'],
    ...['model.safetensors', 'recipe.json', 'tokenizer.json', 'tokenizer_config.json'],
  ]);
  expect(await storedFiles(page, 'disk/kept-step-2-2')).toEqual(written);
  const read = async (name: string): Promise<Buffer> => {
    const address = await page.evaluate(async (path) => {
      const disk = await (await navigator.storage.getDirectory()).getDirectoryHandle('disk');
      const file = await (await (await disk.getDirectoryHandle('kept-step-2')).getFileHandle(path)).getFile();
      return new Promise<string>((resolve) => {
        const reader = new FileReader();
        reader.onload = () => resolve(reader.result as string);
        reader.readAsDataURL(file);
      });
    }, name);
    return Buffer.from(address.slice(address.indexOf(',') + 1), 'base64');
  };
  const tensors = readSafetensors(await read('model.safetensors'));
  expect([...tensors.values()].every(({ dtype }) => dtype === 'BF16')).toBe(true);
  expect(tensors.get('model.embed_tokens.weight')!.shape).toEqual([4096, 128]);
  const card = (await read('README.md')).toString();
  expect(card).toContain('# kept');
  expect(card).toMatch(/\| en \| \d\.\d{4} \| \d\.\d{4} \|/);
});

test('a recipe goes to a cluster as the folder that npm run export writes, byte for byte', async () => {
  test.setTimeout(120_000);
  const { page, words } = studio;
  await studio.goTo('desk');
  await studio.button(words.desk.transport.more).click();
  await page.getByRole('menuitem', { name: words.common.toCluster }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(words.cluster.target).selectOption('llama-factory');
  await dialog.getByLabel(words.cluster.hardware.size).selectOption('7B');
  await expect(dialog.getByTestId('lacks')).toContainText(words.cluster.lack.shareByDocument);
  expect(await violations(page)).toEqual([]);
  const [download] = await Promise.all([
    page.waitForEvent('download', { timeout: 60_000 }),
    dialog.getByRole('button', { name: words.cluster.save }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('kept-llama-factory.zip');
  const entries = unzipSync(readFileSync(await download.path()));
  const folder = mkdtempSync(join(tmpdir(), 'crossfade-cluster-'));
  try {
    writeFileSync(join(folder, 'recipe.json'), JSON.stringify(tinyRecipe({ name: 'kept', steps: 2 })));
    const out = join(folder, 'out');
    execFileSync(process.execPath, [
      'tools/export.mjs',
      join(folder, 'recipe.json'),
      '--to',
      'llama-factory',
      '--size',
      '7B',
      '--out',
      out,
    ]);
    const written = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((path) => statSync(join(out, path)).isFile());
    expect(Object.keys(entries).sort()).toEqual(written.sort());
    for (const path of written) expect(readFileSync(join(out, path)).equals(entries[path]!), path).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  await dialog.getByRole('button', { name: words.common.close }).click();
});

test('a zip of a model folder is taken in, under the name of the zip', async () => {
  const { page, words } = studio;
  await studio.goTo('models');
  const input = page.getByLabel(words.models.import.pick, { exact: true }).and(page.locator('input'));
  await input.setInputFiles(zipOf(smallModel()));
  await expect(page.getByRole('textbox', { name: words.models.import.name, exact: true })).toHaveValue('small');
  await studio.button(words.models.import.run).click();
  await expect(page.getByText(like(words.models.import.done, { name: 'small' }))).toBeVisible({ timeout: 30_000 });
  await expect(models.model('small')).toBeVisible();
});

test('a GGUF file is taken in and given out again, for llama.cpp', async () => {
  const { page, words } = studio;
  const gguf = readFileSync(new URL('parity/fixtures/gguf/tiny-q4_1.gguf', import.meta.url));
  const input = page.getByLabel(words.models.import.pick, { exact: true }).and(page.locator('input'));
  await input.setInputFiles([{ name: 'tiny.Q4_1.gguf', mimeType: '', buffer: gguf }]);
  await expect(page.getByRole('textbox', { name: words.models.import.name, exact: true })).toHaveValue('tiny.Q4_1');
  await studio.button(words.models.import.run).click();
  const told = fill(words.models.notice['gguf-quantised'], { file: 'tiny.Q4_1.gguf', types: 'Q4_1, Q8_0' });
  await expect(page.getByRole('status').getByText(told)).toBeVisible({ timeout: 30_000 });
  await models
    .model('tiny.Q4_1')
    .getByRole('button', { name: like(words.models.export.title) })
    .click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(words.common.export.dtype).selectOption('GGUF-Q8_0');
  await dialog.getByRole('button', { name: words.common.export.run }).click();
  const link = dialog.getByRole('link', { name: like(words.common.export.download) });
  const [download] = await Promise.all([page.waitForEvent('download'), link.click({ timeout: 30_000 })]);
  const entries = unzipSync(readFileSync(await download.path()));
  expect(Object.keys(entries).sort()).toEqual(['Modelfile', 'README.md', 'tiny.Q4_1-Q8_0.gguf']);
  expect(Buffer.from(entries['tiny.Q4_1-Q8_0.gguf']!).subarray(0, 4).toString()).toBe('GGUF');
  await dialog.getByRole('button', { name: words.common.close }).click();
});

const without = (name: string) => smallModel().filter((file) => file.name !== name);
const weights = (buffer: Buffer) => smallModel({ weights: () => buffer });
const header = (json: string, bytes: number) => {
  const file = Buffer.alloc(bytes);
  file.writeBigUInt64LE(BigInt(json.length));
  file.write(json, 8);
  return file;
};
const HUGE = { 'model.norm.weight': { dtype: 'F32', shape: [2 ** 29], data_offsets: [0, 2 ** 31] } };

/** What the sentence must hold, in English and in Chinese, beside the file's name. */
const hostile: [what: string, files: () => readonly UploadedFile[], english: string[], chinese: string[]][] = [
  [
    '2 GB claimed by 1 KB',
    () => weights(header(JSON.stringify(HUGE), 1024)),
    ['model.safetensors', 'its tensors take 2,147,483,648 bytes'],
    ['model.safetensors', '张量共占 2,147,483,648 字节'],
  ],
  [
    'a tensor of a type that does not exist',
    () => weights(header(JSON.stringify({ 'lm_head.weight': { dtype: 'F4096', shape: [1], data_offsets: [0, 4] } }), 1024)),
    ['model.safetensors', 'the tensor lm_head.weight has the type "F4096"'],
    ['model.safetensors', '张量 lm_head.weight 的类型为 "F4096"'],
  ],
  [
    'an index of shards of which one is missing',
    () => [
      ...without('model.safetensors'),
      { ...smallModel()[1]!, name: 'model-1.safetensors' },
      { name: 'model.safetensors.index.json', mimeType: '', buffer: Buffer.from('{"weight_map":{"a":"model-2.safetensors"}}') },
    ],
    ['model-2.safetensors', 'model.safetensors.index.json'],
    ['model-2.safetensors', 'model.safetensors.index.json'],
  ],
  [
    'a GGUF file of 2⁶⁰ tensors',
    () => [{ name: 'big.gguf', mimeType: '', buffer: Buffer.from('474755460300000000000000000000100000000000000000', 'hex') }],
    ['big.gguf', 'tensor_count claims a length of 1152921504606846976'],
    ['big.gguf', 'tensor_count 声称长度为 1152921504606846976'],
  ],
  [
    'a config that is no JSON',
    () => [...without('config.json'), { name: 'config.json', mimeType: '', buffer: Buffer.from('{,}') }],
    ['config.json', 'is not readable JSON'],
    ['config.json', '不是可读的 JSON'],
  ],
  [
    'a zip that wants to write elsewhere',
    () => zipOf(smallModel(), { '../../evil.json': strToU8('{}') }),
    ['small.zip', 'the name “../../evil.json” leads out of the folder'],
    ['small.zip', '名称“../../evil.json”指向文件夹之外'],
  ],
  [
    'a zip bomb',
    () => zipOf(without('model.safetensors'), { 'small/model.safetensors': new Uint8Array(4 * 2 ** 20) }),
    ['small.zip', 'small/model.safetensors would unpack from'],
    ['small.zip', 'small/model.safetensors 会从'],
  ],
];
for (const [what, files, english, chinese] of hostile)
  test(`${what}: refused in both languages, nothing written, nothing touched`, async () => {
    const before = await storedFiles(studio.page);
    await models.offer(files(), 'hostile');
    for (const part of english) await expect(studio.alerts).toContainText(part, { timeout: 30_000 });
    await studio.switchLanguage('zh');
    for (const part of chinese) await expect(studio.alerts).toContainText(part);
    await studio.switchLanguage('en');
    await studio.expectAlert(english[0]!);
    expect(await storedFiles(studio.page)).toEqual(before);
  });
