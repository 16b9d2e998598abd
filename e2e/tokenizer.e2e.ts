/** Tokenizers: any text coloured by token, two compared, one trained on a person's own text and taken away, a model's vocabulary extended. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { strFromU8, unzipSync } from 'fflate';
import type { CorpusApi } from '../src/contract/corpus';
import type { TrainerApi } from '../src/contract/training';
import { ModelsPage } from './studio/models';
import { visit } from './studio/studio';
import { parityTokenizer, TokenizerPage } from './studio/tokenizer';
import { fill, like } from './studio/words';

interface Handle {
  crossfade: { lab: { corpus: CorpusApi; trainer: TrainerApi } };
}

/** By Hugging Face's `tokenizers`: the bundled tokenizer's ids of awkward strings. */
const { strings } = JSON.parse(readFileSync(new URL('./parity/fixtures/tokenizer.json', import.meta.url), 'utf8')) as {
  strings: { text: string; ids: number[] }[];
};
const OWN = 'sailing notes';
const WORDS = ['harbour', 'mainsail', 'leeward', 'windward', 'halyard', 'jib', 'rudder', 'anchor', 'tide', 'buoy'];

const studio = visit(() => studio.open({ page: 'tokenizer' }));
const tokenizer = new TokenizerPage(studio);

test('a text is coloured by token as it is typed, with the ids of Hugging Face’s tokenizers', async () => {
  // A text field turns the other line ends into its own.
  for (const { text, ids } of strings.filter(({ text }) => text.length > 1 && text.length < 60 && !/[\r\0]/.test(text)).slice(0, 6)) {
    await tokenizer.write(text);
    await expect(async () => expect(await tokenizer.ids('a')).toEqual(ids)).toPass({ intervals: [100], timeout: 10_000 });
    expect(await tokenizer.count('a', 'tokens')).toBe(ids.length);
  }
  await tokenizer.write('one <|endoftext|> two');
  await expect(tokenizer.pane('a').getByTestId('written-tokens')).toContainText('<|endoftext|> × 1');
});

test('each token says what it is to the mouse and to the keyboard', async () => {
  await tokenizer.write('患者 龘\n45');
  const readout = tokenizer.pane('a').getByTestId('token-readout');
  await expect(tokenizer.tokens('a').last()).toHaveText('5');
  const list = tokenizer.list('a');
  await list.focus();
  await list.press('End');
  await expect(readout).toContainText('35'); // the byte of "5"
  await tokenizer.tokens('a').filter({ hasText: '龘' }).hover();
  // U+9F98 in UTF-8: no token of its own.
  for (const byte of ['E9', 'BE', '98']) await expect(readout).toContainText(byte);
  expect(await readout.locator('[data-kind="byte"]').count()).toBeGreaterThan(1);
  expect(await tokenizer.count('a', 'byteFallback')).toBeGreaterThan(1);
});

test('a long text is counted in full and drawn in part', async () => {
  const { words } = studio;
  await tokenizer.write('word and '.repeat(20_000));
  await expect(async () => expect(await tokenizer.count('a', 'tokens')).toBeGreaterThanOrEqual(40_000)).toPass({ timeout: 20_000 });
  await expect(tokenizer.tokens('a')).toHaveCount(2000);
  await expect(tokenizer.pane('a').getByText(like(words.tokenizer.text.drawn, { drawn: '2,000' }))).toBeVisible();
});

test('an imported tokenizer stands beside the model’s: unknown characters are counted', async () => {
  await tokenizer.import([{ name: 'tokenizer.json', mimeType: 'application/json', buffer: parityTokenizer('bert') }], 'bert');
  await tokenizer.write('The patient is 龘.');
  await expect(tokenizer.tokens('b').last()).toHaveText('.');
  // By Hugging Face's `tokenizers`.
  expect(await tokenizer.ids('b')).toEqual([646, 928, 674, 1, 18]);
  expect(await tokenizer.count('b', 'unknown')).toBe(1);
  await expect(tokenizer.tokens('b').filter({ hasText: '龘' })).toHaveAttribute('data-kind', 'unknown');
  expect(await tokenizer.count('a', 'unknown')).toBe(0);
  // Pointing on one side marks the same part of the text on the other.
  await tokenizer.tokens('b').filter({ hasText: '龘' }).hover();
  await expect(tokenizer.tokens('a').and(studio.page.locator('[data-marked="true"]'))).toHaveText('龘');
});

test('a file that is no tokenizer is refused in words', async () => {
  const { page, words } = studio;
  await page
    .getByLabel(words.tokenizer.import.pick, { exact: true })
    .and(page.locator('input'))
    .setInputFiles([{ name: 'tokenizer.json', mimeType: 'application/json', buffer: Buffer.from('{"model":{"type":"Magic"}}') }]);
  const form = page.getByRole('region', { name: words.tokenizer.import.title });
  await form.getByRole('textbox').fill('none');
  await form.getByRole('button', { name: words.tokenizer.import.run }).click();
  await studio.expectAlert(/model\.type/);
  await expect(tokenizer.item('none')).toHaveCount(0);
});

test('fertility per channel and the domain terms stand for both', async () => {
  for (const channel of ['zh', 'en', 'code', 'domain'])
    await expect(async () => {
      const [a, b] = await tokenizer.fertility(channel, 'perCharacter');
      expect(a).toBeGreaterThan(0.2);
      expect(b).toBeGreaterThan(0.2);
    }).toPass({ timeout: 30_000 });
  await expect(studio.page.getByTestId('terms-a')).toContainText('18');
  await expect(studio.page.getByTestId('fertility-chart').locator('.recharts-line')).not.toHaveCount(0);
});

test('a training is cancelled and leaves nothing behind', async () => {
  const { words } = studio;
  await tokenizer.train('too long', ['Chinese', 'English', 'Source code', 'Medicine'], 65_536);
  const cancel = tokenizer.trainCard.getByRole('button', { name: words.common.cancel });
  await cancel.click();
  await expect(tokenizer.trainCard.getByRole('button', { name: words.tokenizer.train.run, exact: true })).toBeEnabled();
  await expect(tokenizer.item('too long')).toHaveCount(0);
});

test('a small BPE learnt from an imported corpus is stored with what made it, compared at once, renamed, exported', async () => {
  const { page, words } = studio;
  await page.evaluate(
    async ([name, names]) => {
      // One document a paragraph, each another order of the words.
      const documents = Array.from({ length: 60 }, (_, at) => names.map((_, word) => names[(word * 7 + at) % names.length]).join(' '));
      const { corpus } = (window as unknown as Handle).crossfade.lab;
      const file = new File([documents.join('\n\n')], 'notes.txt');
      await corpus.importFiles([file], { name, role: 'domain' }, () => undefined);
    },
    [OWN, WORDS] as const,
  );
  await studio.goTo('corpus');
  await expect(page.getByRole('heading', { level: 1, name: words.corpus.title, exact: true })).toBeAttached();
  await studio.goTo('tokenizer');
  await tokenizer.train('sails', [OWN], 400);
  await expect(tokenizer.trainCard.getByText(like(words.tokenizer.train.done, { name: 'sails' }))).toBeVisible({ timeout: 30_000 });
  const item = tokenizer.item('sails');
  await expect(item).toContainText(OWN);
  // It stands as B at once, and knows the words of its own corpus as one token each.
  await tokenizer.write('the harbour mainsail leeward');
  await expect(async () => expect(await tokenizer.count('b', 'characters')).toBe(28)).toPass();
  await expect(page.getByTestId('token-verdict')).toBeVisible();
  const shown = await tokenizer.ids('b');

  await studio.button(fill(words.tokenizer.list.rename, { name: 'sails' })).click();
  await page.getByTestId('tokenizer').getByLabel(words.tokenizer.name, { exact: true }).fill('own sails');
  await page.keyboard.press('Enter');
  await expect(tokenizer.item('own sails')).toBeVisible();

  const download = await tokenizer.export('own sails');
  const files = unzipSync(readFileSync(await download.path()));
  expect(Object.keys(files).sort()).toEqual(['tokenizer.json', 'tokenizer_config.json', 'training.json']);
  const read = (name: string) => JSON.parse(strFromU8(files[name]!)) as Record<string, unknown>;
  const { vocab } = (read('tokenizer.json') as { model: { vocab: Record<string, number> } }).model;
  const pieces = new Map(Object.entries(vocab).map(([piece, id]) => [id, piece]));
  expect(shown.map((id) => pieces.get(id)).join('')).toBe('theĠharbourĠmainsailĠleeward');
  for (const word of ['harbour', 'mainsail', 'leeward']) expect(shown).toContain(vocab[`Ġ${word}`]);
  expect(read('tokenizer_config.json')).toMatchObject({ tokenizer_class: 'PreTrainedTokenizerFast' });
  expect(read('training.json')).toMatchObject({ channels: [{ weight: 1 }], options: { kind: 'byte-bpe', vocabularySize: 400 } });
});

test('it is still there after a reload, and can be removed', async () => {
  const { page, words } = studio;
  await page.reload();
  await expect(tokenizer.item('own sails')).toBeVisible();
  await tokenizer
    .item('bert')
    .getByRole('button', { name: fill(words.tokenizer.list.removeName, { name: 'bert' }) })
    .click();
  await page.getByRole('dialog').getByRole('button', { name: words.tokenizer.delete.confirm }).click();
  await expect(tokenizer.item('bert')).toHaveCount(0);
  await expect(tokenizer.item('own sails')).toBeVisible();
});

test('the vocabulary of a model is extended by terms, and both are measured in bits per byte on the same documents', async () => {
  const { page, words } = studio;
  const { extend } = words.tokenizer;
  await tokenizer.extendCard.getByLabel(extend.terms).fill('pericarditis\n发热\nthe');
  await tokenizer.plan();
  const plan = tokenizer.extendCard.getByTestId('extension-plan');
  await expect(plan.getByText('发热')).toBeVisible();
  await expect(plan.getByText(new RegExp(`${fill(extend.known_one, { count: 1 })} the`))).toBeVisible();
  await tokenizer.extendCard.getByLabel(extend.name).fill('nano extended');
  await tokenizer.extendCard.getByRole('button', { name: extend.run }).click();
  await expect(tokenizer.extendCard.getByTestId('extension-bits')).toBeVisible({ timeout: 90_000 });

  // Measured again through the same worker: what the page shows, and the bytes of the same documents on both sides.
  const made = await page.evaluate(
    async () =>
      (
        await (
          window as unknown as { crossfade: { lab: { library: { models(): Promise<{ id: string; name: string }[]> } } } }
        ).crossfade.lab.library.models()
      ).find(({ name }) => name === 'nano extended')!.id,
  );
  const measure = await page.evaluate(
    async ([extended]) => {
      const { trainer } = (window as unknown as Handle).crossfade.lab;
      const channels = [{ id: 'domain', corpus: 'domain', role: 'domain' as const }];
      const weights = ['nano', extended].map((model) => ({ kind: 'model' as const, model }));
      return trainer.measureChannels(weights, channels, 8, () => undefined);
    },
    [made] as const,
  );
  const { loss, tokens, bytes } = measure.channels[0]!;
  const bits = loss.map(({ value }, model) => (value * tokens[model]!) / bytes[model]! / Math.LN2);
  const shown = await tokenizer.bits('domain');
  expect(shown[0]).toBeCloseTo(bits[0]!, 2);
  expect(shown[1]).toBeCloseTo(bits[1]!, 2);
  // The very first token is predicted by nothing; all else is the same text.
  expect(Math.abs(bytes[0]! - bytes[1]!)).toBeLessThan(16);
  expect(tokens[1]!).toBeLessThanOrEqual(tokens[0]!);
  // Few rows changed: the extended model still reads its text much as before.
  expect(Math.abs(shown[1]! - shown[0]!)).toBeLessThan(0.2);

  await tokenizer.write('发热 pericarditis');
  await expect(async () => expect(await tokenizer.count('b', 'tokens')).toBe(2)).toPass();
  expect(await tokenizer.count('a', 'tokens')).toBeGreaterThan(4);
});

test('the extended model is on the Models page and opens on the desk', async () => {
  await studio.goTo('models');
  const models = new ModelsPage(studio);
  await expect(models.model('nano extended')).toBeVisible();
  await models.use('nano extended');
});

test('a model takes another tokenizer altogether', async () => {
  const { words } = studio;
  const { extend } = words.tokenizer;
  await studio.goTo('tokenizer');
  const card = tokenizer.extendCard;
  await studio.button(fill(words.tokenizer.list.useInModelName, { name: 'own sails' })).click();
  await expect(card.getByLabel(extend.tokenizer, { exact: true }).locator('option:checked')).toHaveText('own sails');
  expect(await tokenizer.plan()).toMatch(like(extend.replaces, { before: '4,096' }));
  await card.getByLabel(extend.name).fill('nano sails');
  await card.getByRole('button', { name: extend.run }).click();
  await expect(card.getByText(like(extend.done, { name: 'nano sails' }))).toBeVisible({ timeout: 30_000 });
  // The measuring that follows by itself can be cancelled; the model stays.
  await card.getByRole('button', { name: words.common.cancel }).click();
  await expect(card.getByRole('button', { name: extend.measure })).toBeEnabled();
  await studio.goTo('models');
  await expect(new ModelsPage(studio).model('nano sails')).toBeVisible();
});
