/** The corpus page: the workshop's four steps, the short import, and the texts at hand. */
import { expect, type Download, type Locator } from '@playwright/test';
import type { UploadedFile } from './model-folders';
import type { Studio } from './studio';
import { fill, like } from './words';

export class CorpusPage {
  constructor(private readonly studio: Studio) {}

  private get page() {
    return this.studio.page;
  }
  private get words() {
    return this.studio.words.corpus;
  }

  corpus(name: string): Locator {
    return this.page.getByTestId('corpus').filter({ hasText: name });
  }

  // ---------------------------------------------------------------- the short import
  async offer(files: readonly UploadedFile[], name: string, role: 'general' | 'domain' = 'domain'): Promise<void> {
    const { words } = this;
    await this.page.getByText(words.ingest.ways.desk, { exact: true }).click();
    const form = this.page.getByRole('region', { name: words.import.title });
    await form
      .getByLabel(words.import.pick, { exact: true })
      .and(this.page.locator('input'))
      .setInputFiles([...files]);
    const field = form.getByLabel(words.import.name);
    await expect(field.or(this.studio.alerts)).toBeVisible();
    if (!(await field.isVisible())) return;
    await field.fill(name);
    await form.getByText(this.studio.words.common.role[role], { exact: true }).click();
    await this.studio.button(words.import.run).click();
  }
  async import(files: readonly UploadedFile[], name: string, role: 'general' | 'domain' = 'domain'): Promise<void> {
    await this.offer(files, name, role);
    await expect(this.page.getByText(like(this.words.import.done, { name }))).toBeVisible({ timeout: 30_000 });
  }

  // ---------------------------------------------------------------- take in
  get ingesting(): Locator {
    return this.page.getByTestId('ingest');
  }
  get progress(): Locator {
    return this.page.getByTestId('ingest-progress');
  }
  get ingested(): Locator {
    return this.page.getByTestId('ingested');
  }
  get interrupted(): Locator {
    return this.page.getByTestId('interrupted');
  }
  async choose(files: readonly UploadedFile[]): Promise<void> {
    await this.ingesting
      .getByLabel(this.words.ingest.pick, { exact: true })
      .and(this.page.locator('input'))
      .setInputFiles([...files]);
    await expect(this.ingesting.getByRole('list', { name: this.words.ingest.list })).toBeVisible();
  }
  /** A file that is made in the page, so that a large one need not travel. */
  async chooseGenerated(megabytes: number, within: Locator = this.ingesting): Promise<void> {
    const input = within.getByLabel(this.words.ingest.pick, { exact: true }).and(this.page.locator('input'));
    await input.evaluate((element, size) => {
      const line = `${JSON.stringify({ text: 'the flow of text through a channel 通道里的文字 '.repeat(20) })}\n`;
      const part = new Blob([line.repeat(800)]);
      const parts = Array<Blob>(Math.round((size * 2 ** 20) / part.size)).fill(part);
      const transfer = new DataTransfer();
      transfer.items.add(new File(parts, 'large.jsonl', { lastModified: 1 }));
      (element as HTMLInputElement).files = transfer.files;
      element.dispatchEvent(new Event('change', { bubbles: true }));
    }, megabytes);
  }
  // ---------------------------------------------------------------- a data set of the Hub
  get dataset(): Locator {
    return this.page.getByRole('region', { name: this.words.dataset.title });
  }
  get question(): Locator {
    return this.page.getByRole('dialog');
  }
  /** Fills in the form and asks for the question. */
  async wantDataset(address: string, repository: string): Promise<void> {
    await this.dataset.getByLabel(this.words.dataset.address, { exact: true }).fill(address);
    await this.dataset.getByLabel(this.words.dataset.repository, { exact: true }).fill(repository);
    await this.dataset.getByRole('button', { name: this.words.dataset.look }).click();
  }
  /** Says yes to the host. */
  async connect(host: string): Promise<void> {
    await this.question.getByRole('button', { name: fill(this.words.dataset.ask.run, { host }) }).click();
    await expect(this.question).toBeHidden();
  }
  async fetchAtMost(megabytes: number): Promise<void> {
    await this.ingesting.getByLabel(this.words.dataset.budget).fill(String(megabytes));
  }
  async nameChannel(name: string): Promise<void> {
    await this.ingesting.getByLabel(this.words.channel.name, { exact: true }).fill(name);
  }
  async start(): Promise<void> {
    await this.ingesting.getByRole('button', { name: this.words.ingest.start, exact: true }).click();
  }

  // ---------------------------------------------------------------- channels
  channel(name: string): Locator {
    return this.page
      .getByTestId('channel')
      .filter({ has: this.page.getByLabel(fill(this.words.channel.nameOf, { name }), { exact: true }) });
  }

  // ---------------------------------------------------------------- pipeline
  stage(name: string): Locator {
    return this.page.getByTestId('pipeline').locator(`[data-stage="${name}"]`);
  }
  async prepare(): Promise<void> {
    await this.page.getByTestId('prepare').click();
    await expect(this.page.getByTestId('prepared')).toBeVisible({ timeout: 60_000 });
  }

  // ---------------------------------------------------------------- result
  get funnel(): Locator {
    return this.page.getByTestId('funnel');
  }
  /** Rows by line of the funnel: "in", a stage, a stage and its reason, a split. */
  async counts(): Promise<Record<string, number>> {
    const found = await this.funnel
      .locator('tr[data-line]')
      .evaluateAll((lines) => lines.map((line) => [line.getAttribute('data-line')!, line.children[1]!.textContent] as const));
    return Object.fromEntries(found.map(([line, text]) => [line, Number(text.replace('−', '').replaceAll(',', ''))]));
  }
  async openRows(line: string): Promise<void> {
    await this.funnel.locator(`tr[data-line="${line}"] button`).first().click();
    await expect(this.rowsTotal).toBeVisible();
  }
  get rowsTotal(): Locator {
    return this.page.getByTestId('rows-total');
  }
  get rows(): Locator {
    return this.page.getByTestId('prepared-row');
  }
  get row(): Locator {
    return this.page.getByTestId('row-detail');
  }
  async closeRows(): Promise<void> {
    await this.page.getByTestId('rows').getByRole('button', { name: this.studio.words.common.close, exact: true }).click();
    await expect(this.page.getByTestId('rows')).toBeHidden();
  }
  /** Two splits are two files: each is saved by itself. */
  async export(split: 'train' | 'heldOut' = 'train', format: 'jsonl' | 'parquet' = 'jsonl'): Promise<Download> {
    const panel = this.page.getByTestId('export');
    await panel.getByText(`.${format}`, { exact: true }).click();
    await panel.getByRole('button', { name: this.words.export.run, exact: true }).click();
    const files = panel.getByRole('list', { name: this.words.export.files });
    const download = this.page.waitForEvent('download');
    await files
      .getByRole('button')
      .nth(split === 'train' ? 0 : 1)
      .click();
    return download;
  }
}
