/** The page of models: what is at hand, and bringing in another. */
import { expect, type Locator } from '@playwright/test';
import type { UploadedFile } from './model-folders';
import type { Studio } from './studio';
import { like } from './words';

export class ModelsPage {
  constructor(private readonly studio: Studio) {}

  get models(): Locator {
    return this.studio.page.getByTestId('model');
  }
  model(name: string): Locator {
    return this.models.filter({ has: this.studio.page.getByRole('heading', { name, exact: true }) });
  }
  /** Chooses files and presses Import; what comes of it is for the test to see. */
  async offer(files: readonly UploadedFile[], name: string): Promise<void> {
    const { page, words } = this.studio;
    await page
      .getByLabel(words.models.import.pick, { exact: true })
      .and(page.locator('input'))
      .setInputFiles([...files]);
    // Files that cannot be a model are refused before a name is asked for.
    const field = page.getByRole('textbox', { name: words.models.import.name, exact: true });
    await expect(field.or(this.studio.alerts)).toBeVisible();
    if (await field.isVisible()) {
      await field.fill(name);
      await this.studio.button(words.models.import.run).click();
    }
  }
  async import(files: readonly UploadedFile[], name: string): Promise<void> {
    await this.offer(files, name);
    await expect(this.studio.page.getByText(like(this.studio.words.models.import.done, { name }))).toBeVisible({ timeout: 30_000 });
  }
  /** Its button "Use on the desk". */
  async use(name: string): Promise<void> {
    await this.model(name).getByText(this.studio.words.models.use, { exact: true }).click();
    await expect(this.studio.desk.strips.first()).toBeVisible();
  }
}
