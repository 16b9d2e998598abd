import { describe, expect, it } from 'vitest';
import { StudioError } from '../core/errors';
import { readMeasuredRuns } from '../core/laws/measured-runs';
import { DEFAULT_GOAL } from '../core/laws/recommend';
import { lab, stopFits } from './lab';
import { createWorkerClient } from './worker-client';

interface SilentApi {
  ask(question: string): Promise<string>;
}

/** A worker that obeys one word and answers nothing: what comlink alone would wait on for ever. */
function worker(script: string): Worker {
  return new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })), { type: 'module' });
}
const throwing = () => worker(`onmessage = () => { throw new Error('out of memory') };`);
const silent = () => worker(`onmessage = () => {};`);

describe('createWorkerClient', () => {
  it('rejects calls in flight when the worker throws, and tells the listeners', async () => {
    const client = createWorkerClient<SilentApi>('test', throwing);
    const crashes: StudioError[] = [];
    client.onCrash((error) => crashes.push(error));
    const error: unknown = await client.api.ask('a').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StudioError);
    expect(error).toMatchObject({ code: 'worker-crashed', values: { worker: 'test' } });
    expect((error as StudioError).message).toContain('out of memory');
    expect(crashes).toEqual([error]);
  });

  it('rejects when the script cannot be loaded', async () => {
    const client = createWorkerClient<SilentApi>('test', () => new Worker('/no-such-worker.js'));
    await expect(client.api.ask('a')).rejects.toMatchObject({ code: 'worker-crashed' });
  });

  it('starts a fresh worker with the next call after a crash', async () => {
    let started = 0;
    const client = createWorkerClient<SilentApi>('test', () => {
      started += 1;
      return throwing();
    });
    await expect(client.api.ask('a')).rejects.toMatchObject({ code: 'worker-crashed' });
    await expect(client.api.ask('b')).rejects.toMatchObject({ code: 'worker-crashed' });
    expect(started).toBe(2);
  });

  it('cancels calls in flight when the worker is ended', async () => {
    const client = createWorkerClient<SilentApi>('test', silent);
    const call = client.api.ask('a');
    client.terminate();
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('is no promise, so that awaiting the api calls nothing', async () => {
    let started = 0;
    const client = createWorkerClient<SilentApi>('test', () => {
      started += 1;
      return silent();
    });
    await Promise.resolve(client.api);
    expect(started).toBe(0);
  });
});

describe('the laws worker', () => {
  const table = readMeasuredRuns(
    'Pile share,Pile loss,Python loss\nbase,2.8733676,1.8381195\n.125,2.926166,1.367859\n.25,2.880493,1.386261\n.375,2.857072,1.408447\n.5,2.838757,1.430862',
  );
  const input = { ...table, base: table.base!, roles: { Pile: 'general', Python: 'domain' } as const };

  it('decides, and ends a fit that is stopped', async () => {
    const decision = await lab.laws.decide(input, { ...DEFAULT_GOAL, tolerance: { kind: 'loss', value: 0 } });
    // Four mixtures of Pile and Python: 0.2831 by SciPy's least squares.
    expect(decision.recommendation!.critical!.general.value).toBeCloseTo(0.2831, 3);
    const stopped = lab.laws.decide({ ...input, runs: input.runs.slice(1) }, DEFAULT_GOAL);
    stopFits();
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    expect((await lab.laws.decide(input, DEFAULT_GOAL)).channels.map(({ taken }) => taken)).toEqual(['exponential', 'exponential']);
  });
});
