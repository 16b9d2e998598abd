import { afterEach, describe, expect, it } from 'vitest';
import { listProbeSets, readProbes, removeProbeSet, takeInProbes } from './probe-sets';

const made: string[] = [];
afterEach(async () => {
  for (const id of made.splice(0)) await removeProbeSet(id);
});
const listed = async () => (await listProbeSets()).map(({ id }) => id);

describe('probe sets of a person', () => {
  it('are kept with what was usable, and name what was not', async () => {
    const lines = ['{"good":"Dogs bark.","bad":"Dogs barks."}', '{"prompt":"p","choices":["a","b"],"answer":5}', ''];
    const set = await takeInProbes(new File([lines.join('\n')], 'ward round.jsonl'));
    made.push(set.id);
    expect(set).toMatchObject({ name: 'ward round', items: 1, badLines: 1 });
    expect(set.bad).toMatchObject([{ line: 2, fault: { kind: 'range', field: 'answer', found: 5, highest: 1 } }]);
    expect(await listed()).toContain(set.id);
    expect(await readProbes(set.id)).toEqual([{ kind: 'pair', good: 'Dogs bark.', bad: 'Dogs barks.', group: 'probe' }]);
    await removeProbeSet(set.id);
    expect(await listed()).not.toContain(set.id);
    await expect(readProbes(set.id)).rejects.toMatchObject({ code: 'file-missing' });
  });

  it('without a usable line are told and not kept', async () => {
    const set = await takeInProbes(new File(['{"prompt":"p","choices":["a",""],"answer":0}'], 'x.jsonl'));
    expect(set).toMatchObject({ items: 0, badLines: 1, bad: [{ fault: { kind: 'empty', field: 'choices.1' } }] });
    expect(await listed()).not.toContain(set.id);
  });

  it('are refused when they are no text', async () => {
    const before = await listed();
    await expect(takeInProbes(new File([Uint8Array.of(0xff, 0xfe, 0x00)], 'x.jsonl'))).rejects.toMatchObject({ code: 'file-unsupported' });
    expect(await listed()).toEqual(before);
  });
});
