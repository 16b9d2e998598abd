/** The desk: transport, faders, figures. */
import { expect, type Download, type Locator, type Page } from '@playwright/test';
import type { Studio } from './studio';
import { fill } from './words';

const ENDED = ['finished', 'stopped', 'failed', 'interrupted'];

export class Desk {
  constructor(private readonly studio: Studio) {}

  private get page(): Page {
    return this.studio.page;
  }
  private get texts() {
    return this.studio.words.desk;
  }

  get strips(): Locator {
    return this.page.getByTestId(/^strip-/);
  }
  get progress(): Locator {
    return this.page.getByTestId('progress');
  }
  get chart(): Locator {
    return this.page.getByTestId('loss-chart');
  }
  get master(): Locator {
    return this.page.getByTestId('master');
  }

  // ---------------------------------------------------------------- transport
  async run(): Promise<void> {
    await this.button('run').click();
  }
  button(name: 'run' | 'pause' | 'resume' | 'step' | 'stop' | 'save'): Locator {
    const buttons = this.page.getByRole('group', { name: this.texts.transport.buttons });
    return buttons.getByRole('button', { name: this.texts.transport[name], exact: true });
  }
  /** The recipe as a file, from the menu behind the three dots. */
  async exportRecipe(): Promise<Download> {
    await this.studio.button(this.texts.transport.more).click();
    const item = this.page.getByRole('menuitem', { name: this.texts.transport.export });
    const [download] = await Promise.all([this.page.waitForEvent('download'), item.click()]);
    return download;
  }
  async state(): Promise<string> {
    return (await this.progress.getAttribute('data-state')) ?? '';
  }
  async step(): Promise<number> {
    return Number(await this.progress.getAttribute('data-step'));
  }
  async waitForState(state: string): Promise<void> {
    await expect(this.progress).toHaveAttribute('data-state', state, { timeout: 60_000 });
  }
  async waitForStep(step: number): Promise<void> {
    await expect.poll(() => this.step(), { timeout: 60_000, intervals: [50] }).toBeGreaterThanOrEqual(step);
  }
  /** Reloads the tab as soon as the run has come to this step. From within the page, so that a fast run does not end before. */
  async reloadAt(step: number): Promise<void> {
    const reloaded = this.page.waitForEvent('load', { timeout: 60_000 });
    await this.progress.evaluate((progress, step) => {
      const look = () => {
        if (Number(progress.getAttribute('data-step')) >= step) location.reload();
      };
      new MutationObserver(look).observe(progress, { attributes: true });
      look();
    }, step);
    await reloaded;
  }
  /** Waits until the run is over, however it ended, and says how. */
  async waitForEnd(): Promise<string> {
    await expect.poll(async () => ENDED.includes(await this.state()), { timeout: 90_000, intervals: [100] }).toBe(true);
    return this.state();
  }
  /** Presses Run and waits until all steps are done. */
  async train(): Promise<void> {
    await this.run();
    // The former run's end is shown until the new one begins.
    await expect.poll(async () => !ENDED.includes(await this.state()), { intervals: [20] }).toBe(true);
    expect(await this.waitForEnd()).toBe('finished');
  }

  // ---------------------------------------------------------------- strips
  strip(channel: string): Locator {
    return this.page.getByTestId(`strip-${channel}`);
  }
  fader(channel: string): Locator {
    return this.page.getByRole('slider', { name: fill(this.texts.strip.share, { channel }), exact: true });
  }
  /** Percent, as the fader tells a screen reader. */
  async share(channel: string): Promise<number> {
    return Number(await this.fader(channel).getAttribute('aria-valuenow'));
  }
  async shares(): Promise<Record<string, number>> {
    const found = await this.strips.evaluateAll((strips) =>
      strips.map((strip) => [
        strip.getAttribute('data-testid')!.replace('strip-', ''),
        Number(strip.querySelector('[role="slider"]')!.getAttribute('aria-valuenow')),
      ]),
    );
    return Object.fromEntries(found) as Record<string, number>;
  }
  /** Grips the fader's cap and pulls it, with an eye on its value: what stands above the strips may move them meanwhile. */
  async moveFader(channel: string, percent: number): Promise<void> {
    const fader = this.fader(channel);
    await fader.scrollIntoViewIfNeeded();
    const capOf = async () => (await fader.locator('[data-part="cap"]').boundingBox())!;
    const { height } = (await fader.locator('[data-part="cap"]').locator('xpath=../..').boundingBox())!;
    const cap = await capOf();
    const x = cap.x + cap.width / 2;
    let y = cap.y + cap.height / 2;
    await this.page.mouse.move(x, y);
    await this.page.mouse.down();
    await expect(async () => {
      y -= ((percent - (await this.share(channel))) / 100) * height;
      await this.page.mouse.move(x, y, { steps: 3 });
      expect(Math.abs((await this.share(channel)) - percent)).toBeLessThan(1.5);
    }).toPass({ timeout: 5000, intervals: [50] });
    await this.page.mouse.up();
  }
  /** A figure of a channel's strip by its label: "train", "held-out", …; null while there is none. */
  async figure(channel: string, label: 'train' | 'heldOut' | 'delta' | 'tokens' | 'epochs'): Promise<number | null> {
    const text = await this.strip(channel).locator('dt', { hasText: this.texts[label] }).locator('xpath=../dd').first().textContent();
    const number = /[−+±-]?[\d.,]+/.exec(text ?? '')?.[0];
    return number === undefined ? null : Number(number.replace('−', '-').replace('±', '').replaceAll(',', ''));
  }

  // ---------------------------------------------------------------- master
  slider(name: 'learningRate' | 'warmup'): Locator {
    return this.master.getByRole('slider', { name: this.texts[name], exact: true });
  }
  async learningRate(): Promise<number> {
    return Number(await this.slider('learningRate').getAttribute('aria-valuenow'));
  }

  // ---------------------------------------------------------------- recipe
  get presets(): Locator {
    return this.page.getByLabel(this.texts.transport.preset);
  }
  get base(): Locator {
    return this.page.getByLabel(this.texts.transport.base);
  }
  /** The chart's table: figures and events in words. */
  async openTable(): Promise<Locator> {
    const table = this.page.locator('details', { has: this.page.locator('summary', { hasText: this.texts.chart.table }) });
    if ((await table.getAttribute('open')) === null) await table.locator('summary').click();
    return table;
  }
}
