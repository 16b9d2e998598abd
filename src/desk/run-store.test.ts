import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LiveSettings } from '../core/run/types';
import { createChangeSender, SEND_INTERVAL_MS } from './run-store';

describe('createChangeSender', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('joins moves within the interval and sends the last', () => {
    const sent: Partial<LiveSettings>[] = [];
    const sender = createChangeSender(async (change) => void sent.push(change));
    sender.push({ shares: { a: 0.2, b: 0.8 } });
    sender.push({ shares: { a: 0.3, b: 0.7 } });
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(SEND_INTERVAL_MS);
    expect(sent).toEqual([{ shares: { a: 0.3, b: 0.7 } }]);
  });

  it('flushes at once and not twice', () => {
    const sent: Partial<LiveSettings>[] = [];
    const sender = createChangeSender(async (change) => void sent.push(change));
    sender.push({ shares: { a: 1 } });
    sender.flush();
    vi.advanceTimersByTime(SEND_INTERVAL_MS * 2);
    expect(sent).toHaveLength(1);
  });

  it('is idle only when all is sent and answered', async () => {
    let answer = () => {};
    const sender = createChangeSender(() => new Promise<void>((resolve) => (answer = resolve)));
    expect(sender.idle()).toBe(true);
    sender.push({ shares: { a: 1 } });
    expect(sender.idle()).toBe(false);
    sender.flush();
    expect(sender.idle()).toBe(false);
    answer();
    await vi.runAllTimersAsync();
    expect(sender.idle()).toBe(true);
  });
});
