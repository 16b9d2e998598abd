/** The page Sweeps: the list, the plan editor, the queue's controls and the board. */
import { expect, type Locator } from '@playwright/test';
import type { SweepRunState } from '../../src/core/sweep/record';
import type { SweepPreset } from '../../src/core/sweep/schema';
import type { Studio } from './studio';
import { fill } from './words';

export class SweepsPage {
  constructor(private readonly studio: Studio) {}

  private get words() {
    return this.studio.words.sweeps;
  }
  get editor(): Locator {
    return this.studio.page.getByTestId('plan-editor');
  }
  get axes(): Locator {
    return this.editor.getByTestId('axis');
  }
  get opened(): Locator {
    return this.studio.page.getByTestId('open-sweep');
  }
  /** Rows of the open sweep that are in sight. */
  rows(state?: SweepRunState): Locator {
    const rows = this.opened.getByTestId('sweep-run');
    return state === undefined ? rows : rows.and(this.studio.page.locator(`[data-state="${state}"]`));
  }
  row(number: number): Locator {
    return this.rows().filter({ hasText: new RegExp(`${fill(this.words.run.number, { number })}\\b`) });
  }
  /** Opens the editor with a plan made by one press. */
  async plan(preset: SweepPreset): Promise<void> {
    await this.studio.page.getByRole('link', { name: this.words.new, exact: true }).click();
    await this.editor.getByRole('button', { name: this.words.preset[preset], exact: true }).click();
  }
  /** Keeps the plan: its runs are shown as a draft. */
  async make(runs: number): Promise<void> {
    await this.editor
      .getByRole('button', { name: fill(runs === 1 ? this.words.make_one : this.words.make_other, { count: runs }), exact: true })
      .click();
    await expect(this.rows()).toHaveCount(runs);
  }
  async edit(action: 'up' | 'down' | 'drop' | 'restore', number: number): Promise<void> {
    await this.opened.getByRole('button', { name: fill(this.words.run[action], { number }), exact: true }).click();
  }
  async start(runs: number): Promise<void> {
    await this.opened
      .getByRole('button', { name: fill(runs === 1 ? this.words.start_one : this.words.start_other, { count: runs }), exact: true })
      .click();
  }
}
