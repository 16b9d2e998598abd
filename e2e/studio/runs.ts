/** The runs page: its list and what can be done with a run. */
import { expect, type Locator } from '@playwright/test';
import type { Studio } from './studio';
import { fill } from './words';

export class RunsPage {
  constructor(private readonly studio: Studio) {}

  get runs(): Locator {
    return this.studio.page.getByTestId('run');
  }
  run(name: string): Locator {
    return this.runs.filter({ has: this.studio.page.getByRole('heading', { name, exact: true }) });
  }
  /** Opens the run on top of the list. */
  async openLatest(): Promise<void> {
    const { open } = this.studio.words.runs.action;
    await this.runs
      .first()
      .getByRole('button', { name: new RegExp(open) })
      .first()
      .click();
  }
  async choose(name: string, action: 'compare' | 'export' | 'recipe' | 'fork' | 'delete' | 'note' | 'archive'): Promise<void> {
    const { page, words } = this.studio;
    const { mark } = words.runs;
    const item = action === 'note' ? mark.edit : action === 'archive' ? mark.archive : words.runs.action[action];
    await this.run(name)
      .getByRole('button', { name: fill(words.runs.action.more, { name }), exact: true })
      .click();
    await page.getByRole('menuitem', { name: item, exact: true }).click();
  }
  async rename(name: string, next: string): Promise<void> {
    const { page, words } = this.studio;
    await page.getByRole('button', { name: fill(words.runs.rename, { name }), exact: true }).click();
    const field = page.getByLabel(words.runs.name, { exact: true });
    await field.fill(next);
    await field.press('Enter');
    await expect(this.run(next)).toBeVisible();
  }
}
