import { describe, expect, it } from 'vitest';
import { EngineLock } from './turns';
import { OpenModels, type LoadedWeights } from './weights';

const model = (name: string) => ({ kind: 'model', model: name }) as const;

/** Notes what is loaded and freed. */
function shelf(failing = new Set<string>()) {
  const log: string[] = [];
  const models = new OpenModels(async (ref, open) => {
    const name = ref.kind === 'model' ? ref.model : `${ref.run}@${ref.step}`;
    // Runs of this name trained adapters.
    if (ref.kind === 'checkpoint' && ref.run === 'lora') await open('a');
    log.push(`load ${name}`);
    if (failing.has(name)) throw new Error(`${name} is broken`);
    return { base: name, model: { dispose: () => log.push(`free ${name}`) } } as unknown as LoadedWeights;
  });
  return { log, models };
}

describe('OpenModels', () => {
  it('loads once, keeps two, and frees the one used longest ago', async () => {
    const { log, models } = shelf();
    for (const name of ['a', 'b', 'a', 'c', 'a']) expect(await models.use(model(name), async ({ base }) => base)).toBe(name);
    expect(log).toEqual(['load a', 'load b', 'load c', 'free b']);
  });

  it('frees nothing that is in use', async () => {
    const { log, models } = shelf();
    await models.use(model('a'), () =>
      models.use(model('b'), () => models.use(model('c'), async () => expect(log).not.toContain('free a'))),
    );
    expect(log.filter((line) => line.startsWith('free'))).toHaveLength(1);
    await models.clear();
    expect(log.filter((line) => line.startsWith('free'))).toHaveLength(3);
  });

  it('forgets weights that could not be loaded, and tries anew', async () => {
    const failing = new Set(['a']);
    const { log, models } = shelf(failing);
    await expect(models.use(model('a'), async () => 1)).rejects.toThrow('a is broken');
    failing.clear();
    expect(await models.use(model('a'), async () => 1)).toBe(1);
    expect(log).toEqual(['load a', 'load a']);
  });

  it('tells checkpoints of a run apart', async () => {
    const { log, models } = shelf();
    for (const step of [5, 10]) await models.use({ kind: 'checkpoint', run: 'r', step }, async () => undefined);
    expect(log).toEqual(['load r@5', 'load r@10']);
  });
});

describe('adapters of one base', () => {
  const adapter = (step: number) => ({ kind: 'checkpoint', run: 'lora', step }) as const;

  it('read the base once, also where it is used itself, and go before it', async () => {
    const { log, models } = shelf();
    for (const step of [1, 2, 1]) await models.use(adapter(step), async () => undefined);
    await models.use(model('a'), async () => undefined);
    expect(log).toEqual(['load a', 'load lora@1', 'load lora@2']);
    await models.clear();
    expect(log.slice(3)).toEqual(['free lora@2', 'free lora@1', 'free a']);
  });

  it('keep their base while they are in use, and are kept themselves up to eight', async () => {
    const { log, models } = shelf();
    await models.use(adapter(0), async () => {
      for (const name of ['b', 'c', 'd']) await models.use(model(name), async () => undefined);
      expect(log.filter((line) => line.startsWith('free'))).toEqual(['free b', 'free c']);
    });
    for (let step = 1; step <= 8; step += 1) await models.use(adapter(step), async () => undefined);
    expect(log.filter((line) => line.includes(' a') || line.includes('free lora'))).toEqual(['load a', 'free lora@0']);
  });

  it('fail with their base, and try anew', async () => {
    const failing = new Set(['a']);
    const { models } = shelf(failing);
    await expect(models.use(adapter(1), async () => 1)).rejects.toThrow('a is broken');
    failing.clear();
    expect(await models.use(adapter(1), async () => 1)).toBe(1);
  });
});

describe('EngineLock', () => {
  it('gives turns in the order they were asked for, one at a time, also after a failure', async () => {
    const lock = new EngineLock();
    const log: string[] = [];
    const turn = (name: string) =>
      lock.run(async () => {
        log.push(`${name} in`);
        await new Promise((resolve) => setTimeout(resolve, 1));
        log.push(`${name} out`);
        if (name === 'b') throw new Error('b failed');
      });
    const results = await Promise.allSettled([turn('a'), turn('b'), turn('c')]);
    expect(log).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
