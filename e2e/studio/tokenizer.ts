/** The Tokenizer page: two tokenizers on one text, training, extending a vocabulary, what is stored. */
import { readFileSync } from 'node:fs';
import { expect, type Download, type Locator } from '@playwright/test';
import type { UploadedFile } from './model-folders';
import type { Studio } from './studio';
import { fill, like } from './words';

/** A tokenizer.json of the parity fixtures: bert, gpt2, llama2, llama3, mistral, qwen2, t5. */
export const parityTokenizer = (name: string): Buffer =>
  readFileSync(new URL(`../parity/fixtures/tokenizers/${name}.json`, import.meta.url));

export type Side = 'a' | 'b';

export class TokenizerPage {
  constructor(private readonly studio: Studio) {}

  private get page() {
    return this.studio.page;
  }
  private get words() {
    return this.studio.words.tokenizer;
  }

  pane(side: Side): Locator {
    return this.page.getByTestId(`pane-${side}`);
  }
  async write(text: string): Promise<void> {
    await this.page.getByTestId('token-text').fill(text);
  }
  tokens(side: Side): Locator {
    return this.pane(side).getByRole('option');
  }
  list(side: Side): Locator {
    return this.pane(side).getByRole('listbox');
  }
  /** Ids of all tokens drawn, in the text's order. */
  async ids(side: Side): Promise<number[]> {
    const each = await this.tokens(side).evaluateAll((all) => all.map((token) => token.getAttribute('data-ids') ?? ''));
    return each.flatMap((ids) => ids.split(', ').map(Number));
  }
  async count(side: Side, figure: keyof Studio['words']['tokenizer']['count']): Promise<number> {
    const shown = await this.pane(side).locator(`[data-figure="${figure}"] dd`).textContent();
    return Number(shown!.replaceAll(',', ''));
  }
  /** The table's cell of a channel, under both tokenizers. */
  async fertility(channel: string, figure: string): Promise<number[]> {
    const cells = await this.page
      .getByTestId('fertility')
      .locator(`tr[data-channel="${channel}"] td[data-figure="${figure}"]`)
      .allTextContents();
    return cells.map((cell) => Number(cell.replaceAll(',', '')));
  }

  async import(files: readonly UploadedFile[], name: string): Promise<void> {
    await this.page
      .getByLabel(this.words.import.pick, { exact: true })
      .and(this.page.locator('input'))
      .setInputFiles([...files]);
    const form = this.page.getByRole('region', { name: this.words.import.title });
    await form.getByRole('textbox').fill(name);
    await form.getByRole('button', { name: this.words.import.run }).click();
    await expect(this.page.getByText(like(this.words.import.done, { name }))).toBeVisible();
  }
  item(name: string): Locator {
    return this.page.getByTestId('tokenizer').filter({ has: this.page.getByRole('heading', { name, exact: true }) });
  }
  async export(name: string): Promise<Download> {
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      this.studio.button(fill(this.words.list.exportName, { name })).click(),
    ]);
    return download;
  }

  get trainCard(): Locator {
    return this.page.getByTestId('train');
  }
  /** Sets the channels by name, the size and the name, and presses Train. */
  async train(name: string, channels: readonly string[], size: number): Promise<void> {
    const card = this.trainCard;
    for (const channel of channels) await expect(card.getByText(channel, { exact: true })).toBeVisible();
    for (const chip of await card.getByRole('checkbox').all()) {
      const label = await chip.evaluate((input) => (input as HTMLInputElement).labels?.[0]?.textContent ?? '');
      // Switches of settings are no channels.
      const isChannel = (await chip.getAttribute('type')) === 'checkbox' && (await chip.getAttribute('role')) !== 'switch';
      if (isChannel && (await chip.isChecked()) !== channels.includes(label)) await card.getByText(label, { exact: true }).click();
    }
    await card.getByRole('spinbutton', { name: this.words.train.vocabulary }).fill(String(size));
    await card.getByLabel(this.words.name, { exact: true }).fill(name);
    await card.getByRole('button', { name: this.words.train.run, exact: true }).click();
  }

  get extendCard(): Locator {
    return this.page.getByTestId('extend');
  }
  async plan(): Promise<string> {
    await this.extendCard.getByRole('button', { name: this.words.extend.look }).click();
    const plan = this.extendCard.getByTestId('extension-plan');
    await expect(plan).toBeVisible();
    return (await plan.locator('b').textContent()) ?? '';
  }
  /** Bits per byte of a channel: before and after. */
  async bits(channel: string): Promise<number[]> {
    const cells = await this.extendCard.getByTestId('extension-bits').locator(`tr[data-channel="${channel}"] td`).allTextContents();
    return cells.slice(0, 2).map(Number);
  }
}
