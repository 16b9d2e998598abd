/** The compare page's views of probes, terms and stability. */
import { expect, type Locator } from '@playwright/test';
import { printed } from './compare';
import { like } from './words';
import type { Studio } from './studio';

export class MeasuresPage {
  constructor(private readonly studio: Studio) {}

  private get words() {
    return this.studio.words.measures;
  }

  // ---------------------------------------------------------------- probes
  /** Chips of the eight sets that are chosen at first. */
  get shippedSets(): Locator {
    return this.studio.page.locator('[data-testid^="probe-set-en-"], [data-testid^="probe-set-zh-"]');
  }
  async leaveOutShipped(): Promise<void> {
    await expect(this.shippedSets.first()).toBeAttached();
    for (const set of await this.shippedSets.all()) if (await set.isChecked()) await this.press(set);
  }
  /** A chip is its label; the box itself has no size. */
  private async press(set: Locator): Promise<void> {
    await set.locator('xpath=following-sibling::label').click();
  }
  async choose(set: string): Promise<void> {
    await this.press(this.studio.page.getByTestId(`probe-set-${set}`));
  }
  async takeIn(name: string, lines: readonly string[]): Promise<void> {
    const { own } = this.words.probes;
    await this.studio.page.getByText(own.title).click();
    await this.studio.page
      .getByLabel(own.pick, { exact: true })
      .setInputFiles({ name, mimeType: '', buffer: Buffer.from(lines.join('\n')) });
  }
  get ownSets(): Locator {
    return this.studio.page.getByTestId('own-probe-set');
  }
  get badLines(): Locator {
    return this.studio.page.getByTestId('bad-lines').getByRole('listitem');
  }
  private get section(): Locator {
    return this.studio.page.getByRole('region', { name: this.words.probes.title, exact: true });
  }
  async ask(): Promise<void> {
    await this.startAsking();
    await expect(this.section.getByRole('button', { name: this.words.probes.again })).toBeVisible({ timeout: 60_000 });
  }
  async startAsking(): Promise<void> {
    await this.section.getByRole('button', { name: new RegExp(`^(${this.words.probes.run}|${this.words.probes.again})$`) }).click();
  }
  async cancel(): Promise<void> {
    await this.section.getByRole('button', { name: this.studio.words.common.cancel }).click();
    await expect(this.section.getByRole('button', { name: this.words.probes.again })).toBeVisible();
  }
  group(name: string): Locator {
    return this.studio.page.getByTestId('probe-groups').locator(`tr[data-group="${name}"]`);
  }
  get items(): Locator {
    return this.studio.page.getByTestId('probe-item');
  }
  get item(): Locator {
    return this.studio.page.getByTestId('probe-detail');
  }
  async show(outcome: keyof typeof this.words.items.show): Promise<void> {
    await this.studio.page.getByLabel(this.words.items.filter, { exact: true }).selectOption(outcome);
  }

  // ---------------------------------------------------------------- terms
  async measureTerms(terms: readonly string[], documents: number): Promise<void> {
    const { page, words } = this.studio;
    await page.getByTestId('term-list').fill(terms.join('\n'));
    await page.getByLabel(words.compare.measure.documents, { exact: true }).fill(String(documents));
    await this.studio.button(this.words.terms.run).click();
    await expect(page.getByTestId('term-table')).toBeVisible({ timeout: 60_000 });
  }
  term(name: string): Locator {
    return this.studio.page.getByTestId('term-table').locator(`tr[data-term="${name}"]`);
  }
  get passages(): Locator {
    return this.studio.page.getByTestId('passages');
  }

  // ---------------------------------------------------------------- stability
  /** Of the channels that stay when one is left out. */
  async measureRobustness(documents: number, without: keyof Studio['words']['common']['channels']): Promise<void> {
    const { page, words } = this.studio;
    const channels = page.getByRole('group', { name: words.compare.measure.channels, exact: true });
    await channels.getByText(words.common.channels[without], { exact: true }).click();
    await page.getByLabel(words.compare.measure.documents, { exact: true }).fill(String(documents));
    await this.studio.button(this.words.robustness.run).click();
    await expect(page.getByTestId('robustness-table')).toBeVisible({ timeout: 60_000 });
  }
  /** Bits per byte of A, then of B, over rising noise. */
  async noise(kind: keyof typeof this.words.robustness.kind): Promise<number[][]> {
    const rows = this.studio.page.getByTestId('robustness-table').locator(`tbody[data-kind="${kind}"] tr`);
    const cells = await rows.evaluateAll((all) =>
      all.map((row) => [...row.querySelectorAll('td')].slice(0, -1).map(({ textContent }) => textContent ?? '')),
    );
    return cells.map((row) => row.map((cell) => printed(cell).value));
  }
  async measureMemorisation(rows: number): Promise<void> {
    await this.studio.page.getByLabel(this.words.memorisation.rows, { exact: true }).fill(String(rows));
    await this.studio.button(this.words.memorisation.run).click();
    await expect(this.memorisation('B')).toBeVisible({ timeout: 60_000 });
  }
  memorisation(letter: 'B' | 'C'): Locator {
    return this.studio.page.getByTestId(`memorisation-${letter}`);
  }

  /** A sentence of these views with its values open. */
  text(words: string): Locator {
    return this.studio.page.getByText(like(words));
  }
}
