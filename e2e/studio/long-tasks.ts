/** Counts what keeps the page from answering: main-thread tasks over 50 ms, as the browser itself reports them. */
import type { Page } from '@playwright/test';

interface Counting {
  longTasks: number[];
  /** When counting began, on the page's clock. */
  since: number;
}

/** From now on. */
export function countLongTasks(page: Page): Promise<void> {
  return page.evaluate(() => {
    const counting = window as unknown as Counting;
    counting.longTasks = [];
    counting.since = performance.now();
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) counting.longTasks.push(Math.round(entry.duration));
    }).observe({ type: 'longtask' });
  });
}

/** Milliseconds of each long task since counting began, and for how long that was. */
export function longTasks(page: Page): Promise<{ tasks: number[]; seconds: number }> {
  return page.evaluate(() => {
    const { longTasks, since } = window as unknown as Counting;
    return { tasks: longTasks, seconds: (performance.now() - since) / 1000 };
  });
}
