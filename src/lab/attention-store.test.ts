import { afterEach, expect, it, vi } from 'vitest';
import { keepAwake, raiseAlerts, readSettings, setAttention, useAttention } from './attention-store';

const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
const locks: (EventTarget & { release(): Promise<void> })[] = [];
const wakeLock = {
  request: vi.fn(async () => {
    const lock = Object.assign(new EventTarget(), { release: async () => void lock.dispatchEvent(new Event('release')) });
    locks.push(lock);
    return lock;
  }),
};
vi.stubGlobal('document', page);
vi.stubGlobal('navigator', { wakeLock });
afterEach(() => wakeLock.request.mockClear());

const settled = () => new Promise((resolve) => setTimeout(resolve));
const show = async (state: 'visible' | 'hidden') => {
  page.visibilityState = state;
  // As a browser does it.
  if (state === 'hidden') await locks.at(-1)?.release();
  page.dispatchEvent(new Event('visibilitychange'));
  await settled();
};

it('holds the screen from the first that trains to the last, and takes it again when the tab is seen again', async () => {
  const released = vi.fn();
  keepAwake('run', true);
  keepAwake('sweep', true);
  await settled();
  expect(wakeLock.request).toHaveBeenCalledTimes(1);
  keepAwake('run', false);
  await show('hidden');
  await show('visible');
  expect(wakeLock.request).toHaveBeenCalledTimes(2);
  locks[1]!.addEventListener('release', released);
  keepAwake('sweep', false);
  await settled();
  expect(released).toHaveBeenCalledOnce();
  await show('visible');
  expect(wakeLock.request).toHaveBeenCalledTimes(2);
});

it('lets go when the person switches it off, and begins while hidden with nothing', async () => {
  await show('hidden');
  keepAwake('run', true);
  await settled();
  expect(wakeLock.request).not.toHaveBeenCalled();
  await show('visible');
  expect(wakeLock.request).toHaveBeenCalledTimes(1);
  const released = vi.fn();
  locks.at(-1)!.addEventListener('release', released);
  setAttention({ awake: false });
  await settled();
  expect(released).toHaveBeenCalledOnce();
  keepAwake('run', false);
});

it('reads what is stored, field by field', () => {
  const fresh = readSettings(null);
  expect(fresh).toEqual({
    awake: true,
    notify: false,
    rules: { on: { retention: true, 'not-finite': true, divergence: true, plateau: false }, retentionLine: 0.95 },
  });
  for (const wrong of ['', '7', '[]', 'null', '{"rules":{"on":7,"retentionLine":"0.9"},"awake":"yes"}'])
    expect(readSettings(wrong), wrong).toEqual(fresh);
  const own = { ...fresh, awake: false, rules: { on: { ...fresh.rules.on, plateau: true }, retentionLine: 0.9 } };
  expect(readSettings(JSON.stringify(own))).toEqual(own);
});

it('shows the last crossing of a rule by a run once', () => {
  const alert = (step: number, id = 'a') => ({ kind: 'retention', run: { id, name: id }, step, values: {} }) as const;
  raiseAlerts([alert(10)]);
  raiseAlerts([alert(10, 'b')]);
  raiseAlerts([alert(30)]);
  expect(useAttention.getState().alerts.map(({ run, step }) => [run.id, step])).toEqual([
    ['b', 10],
    ['a', 30],
  ]);
});
