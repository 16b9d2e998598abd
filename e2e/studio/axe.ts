/** What axe finds on a page, a line each: the rule, the element, and what axe measured. */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

const COLOURS = ['color-contrast', 'link-in-text-block'];

/** A theme changes colours and nothing else, a language all but colours. */
export type Rules = 'all' | 'colours' | 'all but colours';

/** @param where `within`: a CSS selector; the whole page without it */
export async function violations(page: Page, { within, rules = 'all' }: { within?: string; rules?: Rules } = {}): Promise<string[]> {
  // What still fades in has colours of its own. An animation of what is hidden or was taken away may never end.
  await page.evaluate(async () => {
    const passing = document
      .getAnimations()
      .filter(({ effect, playState }) => playState === 'running' && effect?.getComputedTiming().endTime !== Infinity);
    const ended = Promise.all(passing.map((animation) => animation.finished.catch(() => null)));
    await Promise.race([ended, new Promise((later) => setTimeout(later, 1000))]);
  });
  // No frames, so no blank page to put their results together; and only what is wrong needs a selector, which is most of axe's time.
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] });
  if (within !== undefined) axe.include(within);
  if (rules === 'colours') axe.withRules(COLOURS);
  if (rules === 'all but colours') axe.disableRules(COLOURS);
  const found = await axe.analyze();
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ target, any }) => `${id}: ${target.join(' ')} ${any[0]?.message ?? ''}`));
}
