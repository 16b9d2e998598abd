/** The compare page: pickers, the three figures, views, the table of channels, what was written from prompts, the coloured text. */
import { expect, type Locator } from '@playwright/test';
import type { MixtureMeasure } from '../../src/core/metrics/text-measure';
import type { MeasuredChannel, WeightsRef } from '../../src/contract/evaluation';
import type { TrainerApi } from '../../src/contract/training';
import type { Studio } from './studio';
import { fill, like } from './words';

export type Place = 'a' | 'b' | 'c';
type Figure = 'loss' | 'delta' | 'perplexity' | 'bits' | 'retention';

/** A figure as it is printed; NaN for a dash. */
export interface Printed {
  value: number;
  interval: [low: number, high: number] | null;
}

/** "−0.412 [−0.450, −0.371]", with an arrow and words for a reader around it. */
export function printed(text: string): Printed {
  const number = (digits: string) => Number(digits.replaceAll(',', '').replace('−', '-').replace(/[±+]/, ''));
  const [, low, high] = /\[(−?[\d.,]+), (−?[\d.,]+)\]/.exec(text) ?? [];
  const value = /[−+±]?\d[\d.,]*/.exec(text);
  return {
    value: value ? number(value[0]) : Number.NaN,
    interval: low !== undefined && high !== undefined ? [number(low), number(high)] : null,
  };
}

export class ComparePage {
  constructor(private readonly studio: Studio) {}

  get table(): Locator {
    return this.studio.page.getByTestId('channel-table');
  }
  /** The three figures above the views, as a person reads them. */
  card(name: 'domain-gain' | 'general-retention' | 'forgetting-risk'): Locator {
    return this.studio.page.getByTestId(name);
  }
  async show(view: keyof Studio['words']['compare']['view']): Promise<void> {
    await this.studio.page.getByRole('tab', { name: this.studio.words.compare.view[view] }).click();
    await expect(this.studio.page.getByRole('tabpanel')).toBeVisible();
  }

  /** A row of the table by figure and place: "loss-a". */
  async row(channel: string): Promise<(figure: Figure, place: Place) => Printed> {
    const row = this.table.locator(`tr[data-channel="${channel}"]`);
    await expect(row).toBeVisible();
    const cells = await row
      .locator('td')
      .evaluateAll((all) => all.map((cell): [string, string] => [cell.getAttribute('data-figure') ?? '', cell.textContent ?? '']));
    const texts = new Map(cells);
    return (figure, place) => {
      const text = texts.get(`${figure}-${place}`);
      if (text === undefined) throw new Error(`The table has no ${figure} of ${place}`);
      return printed(text);
    };
  }

  /** Measures the chosen channels on a few documents each. */
  async measure(documents = 4): Promise<void> {
    const { page, words } = this.studio;
    const { measure } = words.compare;
    await this.show('channels');
    await page.getByLabel(measure.documents, { exact: true }).fill(String(documents));
    await this.studio.button(new RegExp(`^(${measure.run}|${measure.again})$`)).click();
    await expect(page.getByText(like(measure.fresh, { documents }))).toBeVisible({ timeout: 60_000 });
  }

  /** What the engine itself answers, to the last digit. */
  async engineSays(weights: WeightsRef[], channels: MeasuredChannel[], documents: number): Promise<MixtureMeasure> {
    return this.studio.page.evaluate(
      ([weights, channels, documents]) =>
        (window as unknown as { crossfade: { lab: { trainer: TrainerApi } } }).crossfade.lab.trainer.measureChannels(
          weights,
          channels,
          documents,
          () => undefined,
        ),
      [weights, channels, documents] as const,
    );
  }

  /** @param number of the prompt, from 1 */
  continuation(number: number, place: Place): Locator {
    return this.studio.page.getByTestId(`continuation-${number}-${place}`);
  }
  /** Writes on from prompts, as many as there are fields, and gives the texts by prompt and place when all are done. */
  async write(
    prompts: readonly string[],
    fields: { seed?: number; maxTokens?: number } = {},
    places: readonly Place[] = ['a', 'b'],
  ): Promise<string[][]> {
    const { page, words } = this.studio;
    const { generate } = words.compare;
    await this.show('text');
    for (const [at, prompt] of prompts.entries()) {
      const field = page.getByLabel(fill(generate.prompt, { number: at + 1 }), { exact: true });
      if (!(await field.isVisible())) await this.studio.button(generate.add).click();
      await field.fill(prompt);
    }
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
    await this.studio.button(prompts.length > 1 ? fill(generate.runAll, { count: prompts.length }) : generate.run).click();
    await began;
    await expect(this.studio.button(generate.stop)).toBeHidden({ timeout: 60_000 });
    return Promise.all(
      prompts.map((_, at) => Promise.all(places.map(async (place) => (await this.continuation(at + 1, place).textContent()) ?? ''))),
    );
  }

  get tokens(): Locator {
    return this.studio.page.getByRole('listbox', { name: this.studio.words.compare.tokens.result }).getByRole('option');
  }
  async colour(text: string): Promise<void> {
    const { page, words } = this.studio;
    await this.show('text');
    await page.getByLabel(words.compare.tokens.label, { exact: true }).fill(text);
    await this.studio.button(words.compare.tokens.run).click();
    await expect(this.tokens.first()).toBeVisible({ timeout: 30_000 });
  }
}
