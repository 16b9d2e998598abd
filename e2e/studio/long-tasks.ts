/** Counts what keeps the page from answering: main-thread tasks over 50 ms, as the browser itself reports them. */
import type { Page } from '@playwright/test';

interface Counting {
  longTasks: number[];
}

/** From now on. */
export function countLongTasks(page: Page): Promise<void> {
  return page.evaluate(() => {
    const counting = window as unknown as Counting;
    counting.longTasks = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) counting.longTasks.push(Math.round(entry.duration));
    }).observe({ type: 'longtask' });
  });
}

/** Milliseconds of each long task since counting began. */
export function longTasks(page: Page): Promise<number[]> {
  return page.evaluate(() => (window as unknown as Counting).longTasks);
}
