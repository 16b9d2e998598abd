/** The models page's card for the Hub or a mirror, and the dialog that asks first. */
import { expect, type Locator } from '@playwright/test';
import type { Studio } from './studio';
import { fill } from './words';

export class HubPanel {
  constructor(private readonly studio: Studio) {}

  private get card(): Locator {
    return this.studio.page.getByRole('region', { name: this.studio.words.models.hub.title });
  }
  get dialog(): Locator {
    return this.studio.page.getByRole('dialog');
  }
  get token(): Locator {
    return this.card.getByLabel(this.studio.words.models.hub.token, { exact: true });
  }
  get look(): Locator {
    return this.card.getByRole('button', { name: this.studio.words.models.hub.look });
  }
  /** Fills in the form and asks for the question. */
  async want(address: string, repository: string, { token = '' } = {}): Promise<void> {
    const { hub } = this.studio.words.models;
    await this.card.getByLabel(hub.address, { exact: true }).fill(address);
    await this.card.getByLabel(hub.repository, { exact: true }).fill(repository);
    await this.token.fill(token);
    await this.look.click();
  }
  async decline(): Promise<void> {
    await this.dialog.getByRole('button', { name: this.studio.words.common.cancel }).click();
    await expect(this.dialog).toBeHidden();
  }
  /** Says yes to the host, and waits for the list unless none will come. */
  async connect(host: string, listed = true): Promise<void> {
    const { hub } = this.studio.words.models;
    await this.dialog.getByRole('button', { name: fill(hub.ask.run, { host }) }).click();
    if (listed) await expect(this.dialog).toContainText(fill(hub.download.title, { host }));
  }
  async download(): Promise<void> {
    const [verb] = this.studio.words.models.hub.download.run.split('{{');
    await this.dialog.getByRole('button', { name: verb! }).click();
    await expect(this.dialog).toBeHidden();
  }
}
