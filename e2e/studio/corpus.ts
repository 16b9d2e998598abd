/** The page of texts: what is at hand, and bringing in more. */
import { expect, type Locator } from '@playwright/test';
import type { UploadedFile } from './model-folders';
import type { Studio } from './studio';
import { like } from './words';

export class CorpusPage {
  constructor(private readonly studio: Studio) {}

  corpus(name: string): Locator {
    return this.studio.page.getByTestId('corpus').filter({ hasText: name });
  }
  async offer(files: readonly UploadedFile[], name: string, role: 'general' | 'domain' = 'domain'): Promise<void> {
    const { page, words } = this.studio;
    await page
      .getByLabel(words.corpus.import.pick, { exact: true })
      .and(page.locator('input'))
      .setInputFiles([...files]);
    const field = page.getByLabel(words.corpus.import.name);
    await expect(field.or(this.studio.alerts)).toBeVisible();
    if (!(await field.isVisible())) return;
    await field.fill(name);
    await page.getByText(words.common.role[role], { exact: true }).last().click();
    await this.studio.button(words.corpus.import.run).click();
  }
  async import(files: readonly UploadedFile[], name: string, role: 'general' | 'domain' = 'domain'): Promise<void> {
    await this.offer(files, name, role);
    await expect(this.studio.page.getByText(like(this.studio.words.corpus.import.done, { name }))).toBeVisible({ timeout: 30_000 });
  }
}
