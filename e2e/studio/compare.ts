/** The compare page: pickers, the table of figures, the two continuations, the coloured text. */
import { expect, type Locator } from '@playwright/test';
import type { Studio } from './studio';

export interface TableRow {
  lossA: number;
  lossB: number;
  delta: string;
  perplexityA: number;
  perplexityB: number;
  bitsA: number;
  bitsB: number;
  retention: string;
}

export class ComparePage {
  constructor(private readonly studio: Studio) {}

  get table(): Locator {
    return this.studio.page.getByTestId('channel-table');
  }
  async row(channel: string): Promise<TableRow> {
    const row = this.table.locator(`tr[data-channel="${channel}"]`);
    await expect(row).toBeVisible();
    const cells = await row.locator('td').allTextContents();
    const number = (at: number) => Number(cells[at]!.replaceAll(',', ''));
    return {
      lossA: number(0),
      lossB: number(1),
      delta: cells[2]!,
      // The fourth cell is the bar.
      perplexityA: number(4),
      perplexityB: number(5),
      bitsA: number(6),
      bitsB: number(7),
      retention: cells[8]!,
    };
  }
  async measure(): Promise<void> {
    const { measure } = this.studio.words.compare;
    await this.studio.button(new RegExp(`^(${measure.run}|${measure.again})$`)).click();
    await expect(this.studio.page.getByText(measure.fresh.split('{{')[0]!)).toBeVisible({ timeout: 60_000 });
  }

  continuation(side: 'a' | 'b'): Locator {
    return this.studio.page.getByTestId(`continuation-${side}`);
  }
  /** Writes on from a prompt, and gives both texts when they are done. */
  async write(prompt: string, fields: { seed?: number; maxTokens?: number } = {}): Promise<{ a: string; b: string }> {
    const { page, words } = this.studio;
    const { generate } = words.compare;
    await page.getByLabel(generate.prompt, { exact: true }).fill(prompt);
    for (const [name, value] of Object.entries(fields) as [keyof typeof fields, number][])
      await page.getByLabel(generate[name], { exact: true }).fill(String(value));
    // A short text is written faster than a test looks: the page itself notes that Stop stood there.
    const began = page.evaluate(
      (stop) =>
        new Promise<void>((resolve) => {
          new MutationObserver((_, observer) => {
            if (![...document.querySelectorAll('button')].some((button) => button.textContent === stop)) return;
            observer.disconnect();
            resolve();
          }).observe(document.getElementById('content')!, { childList: true, subtree: true, characterData: true });
        }),
      generate.stop,
    );
    await this.studio.button(generate.run).click();
    await began;
    await expect(this.studio.button(generate.run)).toBeVisible({ timeout: 60_000 });
    return { a: (await this.continuation('a').textContent()) ?? '', b: (await this.continuation('b').textContent()) ?? '' };
  }

  get tokens(): Locator {
    return this.studio.page.getByRole('listbox', { name: this.studio.words.compare.tokens.result }).getByRole('option');
  }
  async colour(text: string): Promise<void> {
    const { page, words } = this.studio;
    await page.getByLabel(words.compare.tokens.label, { exact: true }).fill(text);
    await this.studio.button(words.compare.tokens.run).click();
    await expect(this.tokens.first()).toBeVisible({ timeout: 30_000 });
  }
}
