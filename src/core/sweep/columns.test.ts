import { describe, expect, it } from 'vitest';
import { unzipSync, strFromU8 } from 'fflate';
import golden from '../../../public/recipes/golden-ratio.json';
import { readMeasuredRuns } from '../laws/measured-runs';
import { parseRecipe } from '../recipe/parse';
import { sweepFiles, zipFiles } from './archive';
import { columnsCsv, filteredRows, groupCell, groupedRows, sortedRows, sweepColumns } from './columns';
import { plannedRuns } from './plan';
import { measuredRuns, type SweepRecord, type SweepRun } from './record';
import { parseSweep } from './schema';

const base = parseRecipe(golden.recipe);
const ids = base.channels.map(({ id }) => id);
const plan = parseSweep({
  version: 1,
  name: 'test',
  base,
  axes: [
    { field: 'domainShare', values: [0.1, 0.5] },
    { field: 'schedule.peakLr', values: [1e-3, 1e-4] },
  ],
  seeds: [1, 2],
});
const runs = plannedRuns(plan).map((planned, at): SweepRun => {
  const heldOut = Object.fromEntries(ids.map((id) => [id, { x: [0, 10, 20], y: [3, 2 - at / 10, 2.5 - at / 10] }]));
  const train = Object.fromEntries(ids.map((id) => [id, { x: [10, 20], y: [2, 2.25 - at / 10] }]));
  const losses = Object.fromEntries(ids.map((id) => [id, at === 3 ? null : 2.5 - at / 10]));
  return {
    ...planned,
    state: at === 3 ? 'failed' : 'finished',
    run: null,
    rung: 0,
    error: null,
    measured: null,
    result: { steps: 20, tokens: 20_480, seconds: 12.34, device: 'wasm, 2', losses, heldOut, train },
  };
});
const sweep: SweepRecord = {
  ...{ id: 's', name: 'test', createdAt: 0, revision: 1, plan, state: 'finished', size: null, runs },
  channels: base.channels.map(({ id, corpus, role }) => ({ id, corpus, role })),
  base: Object.fromEntries(ids.map((id) => [id, 3])),
};
const imported: SweepRecord = (() => {
  const table = readMeasuredRuns('name,share_a,share_b,lr,loss_a,loss_b,split\nx,0.2,0.8,1e-3,2.5,3,train\ny,0.4,0.6,1e-3,nan,2.5,test\n');
  const run = (measured: SweepRun['measured'], index: number): SweepRun => ({
    index,
    setting: {},
    seed: 0,
    recipe: null,
    state: 'finished',
    run: null,
    rung: 0,
    error: null,
    result: null,
    measured,
  });
  return {
    ...sweep,
    plan: null,
    runs: table.runs.map(run),
    channels: [
      { id: 'a', corpus: 'a', role: 'general' },
      { id: 'b', corpus: 'b', role: 'domain' },
    ],
    base: { a: 2.4, b: 3.4 },
  };
})();

const columnOf = (columns: ReturnType<typeof sweepColumns>, id: string) => columns.find((column) => column.id === id)!;

describe('columns of a sweep', () => {
  const columns = sweepColumns(sweep, 15);
  const values = (id: string) => columnOf(columns, id).values.slice(0, 4);

  it('hold the axes first, the fields that differ, and no field that does not', () => {
    expect(
      columns
        .slice(0, 2)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['domainShare', 'schedule.peakLr']);
    const fields = columns.flatMap(({ subject }) => (subject.kind === 'setting' ? [subject.path] : []));
    expect(fields.filter((path) => !/^(domainShare|schedule\.peakLr|channels\..+\.share)$/.test(path))).toEqual([]);
    expect(values('schedule.peakLr')).toEqual([1e-3, 1e-4, 1e-3, 1e-4]);
    expect(columnOf(columns, 'schedule.peakLr')).toMatchObject({ type: 'number', unit: 'rate', differs: true });
    expect(columnOf(columns, 'state')).toMatchObject({ type: 'category', differs: true });
    expect(columnOf(columns, 'steps')).toMatchObject({ differs: false });
  });

  it('read a curve at its end, its least, its greatest and at a step', () => {
    const [general] = sweep.channels.filter(({ role }) => role === 'general');
    const id = general!.id;
    expect(values(`loss_${id}`)).toEqual([2.5, 2.4, 2.3, null]);
    expect(values(`loss_${id}_min`)).toEqual([2, 1.9, 1.8, 1.7]);
    expect(values(`loss_${id}_max`)).toEqual([3, 3, 3, 3]);
    // The evaluation at step 10 is the last one before 15.
    expect(values(`loss_${id}_at`)).toEqual([2, 1.9, 1.8, 1.7]);
    expect(columnOf(sweepColumns(sweep, 21), `loss_${id}_at`)).toBeUndefined();
  });

  it('have retention e^(base − loss), domain gain in nats and the gap to training; a run that broke has none', () => {
    const kept = values('retention');
    expect(kept[0]).toBeCloseTo(1.648721271, 8);
    expect(kept[3]).toBeNull();
    expect(values('gain')[0]).toBeCloseTo(0.5, 12);
    expect(values('gain')[3]).toBeNull();
    expect(values(`gap_${ids[0]!}`)[0]).toBeCloseTo(0.25, 12);
  });

  it('are the same of a table of runs that were measured elsewhere', () => {
    const own = sweepColumns(imported, null);
    expect(columnOf(own, 'channels.b.share').values).toEqual([0.8, 0.6]);
    expect(columnOf(own, 'schedule.peakLr')).toBeUndefined();
    expect(columnOf(own, 'held_out').values).toEqual(['false', 'true']);
    expect(columnOf(own, 'loss_a').values).toEqual([2.5, null]);
    expect(columnOf(own, 'retention').values).toEqual([Math.exp(-0.1 + 0), null].map((value) => value && expect.closeTo(value, 9)));
    expect(columnOf(own, 'gain').values).toEqual([expect.closeTo(0.4, 9), expect.closeTo(0.9, 9)]);
  });

  it('measure each run of the library against a base of its own', () => {
    const own = sweepColumns(
      { ...sweep, runs: sweep.runs.map((run, at) => (at === 1 ? { ...run, base: Object.fromEntries(ids.map((id) => [id, 4])) } : run)) },
      null,
    );
    const gain = columnOf(own, 'gain').values;
    // 3 − 2.5 against the table's base, 4 − 2.4 against its own.
    expect([gain[0], gain[1]]).toEqual([expect.closeTo(0.5, 12), expect.closeTo(1.6, 12)]);
    expect(columnOf(own, 'retention').values[1]).toBeCloseTo(Math.exp(1.6), 12);
  });

  it('sort, with what is missing last both ways', () => {
    const loss = columnOf(columns, `loss_${ids[0]!}`);
    expect(sortedRows([0, 1, 2, 3], loss, false)).toEqual([2, 1, 0, 3]);
    expect(sortedRows([0, 1, 2, 3], loss, true)).toEqual([0, 1, 2, 3]);
  });

  it('group by a field with mean and band', () => {
    const groups = groupedRows([0, 1, 2, 3, 4, 5, 6, 7], columnOf(columns, 'domainShare'));
    expect(groups).toEqual([
      { key: 0.1, rows: [0, 1, 4, 5] },
      { key: 0.5, rows: [2, 3, 6, 7] },
    ]);
    const loss = columnOf(columns, `loss_${ids[0]!}`);
    // statistics.stdev([2.5, 2.4, 2.1, 2.0]) of Python is 0.23804761428476165.
    const cell = groupCell(loss, [0, 1, 4, 5], 'deviation')!;
    expect(cell.mean).toBeCloseTo(2.25, 12);
    expect(cell.high - cell.mean).toBeCloseTo(0.23804761428476165, 12);
    expect(groupCell(loss, [2, 3], 'range')).toEqual({ mean: 2.3, low: 2.3, high: 2.3, count: 1 });
    expect(groupCell(loss, [3], 'range')).toBeNull();
  });

  it('are filtered by comparisons and by words', () => {
    const shown = (row: number) => `#${row} ${runs[row]!.state}`;
    expect(filteredRows([0, 1, 2, 3], columns, 'finished domainShare>=50% ', shown)).toEqual([2]);
    expect(filteredRows([0, 1, 2, 3], columns, 'schedule.peakLr=1e-4', shown)).toEqual([1, 3]);
    expect(filteredRows([0, 1, 2, 3], columns, 'nothing', shown)).toEqual([]);
  });

  it('of 500 runs with curves take no second', () => {
    const many = { ...sweep, runs: Array.from({ length: 500 }, (_, at) => ({ ...runs[at % runs.length]!, index: at })) };
    const began = performance.now();
    expect(sweepColumns(many, 15).length).toBe(columns.length);
    console.log(`columns of 500 runs: ${(performance.now() - began).toFixed(0)} ms`);
  });
});

describe('a sweep as files', () => {
  const texts = (of: SweepRecord, fit: unknown = null) =>
    Object.fromEntries([...sweepFiles(of, fit)].map(({ name, text }) => [name, [...text].join('')]));

  it('has a row a run under the base, quoted as pandas reads it, and a row a point of a curve', () => {
    const files = texts(sweep, { laws: [], draws: [1] });
    expect(Object.keys(files)).toEqual([
      'sweep.json',
      'runs.csv',
      'curves.csv',
      'fit.json',
      ...runs.map(({ index }) => `recipes/${index}.json`),
      'read.py',
    ]);
    const [head, first, run] = files['runs.csv']!.split('\n');
    expect(head).toBe(
      `run,seed,lr,warmup,tokens,${ids.map((id) => `share_${id},`).join('')}${ids.map((id) => `loss_${id},`).join('')}state,steps,seconds,device`,
    );
    expect(first).toBe(`base,,,,,${','.repeat(ids.length)}${'3,'.repeat(ids.length)},,,`);
    expect(run).toMatch(/^0,1,0\.001,.*,finished,20,12\.3,"wasm, 2"$/);
    expect(files['curves.csv']!.split('\n').slice(0, 3)).toEqual([
      'run,kind,channel,step,loss',
      `0,train,${ids[0]},10,2`,
      `0,train,${ids[0]},20,2.25`,
    ]);
    expect(files['fit.json']).not.toContain('draws');
    expect(parseSweep(JSON.parse(files['sweep.json']!)).axes).toEqual(plan.axes);
  });

  it('comes back as the runs that it is of, the broken one included', () => {
    const read = readMeasuredRuns(texts(sweep)['runs.csv']!);
    expect(read.runs).toEqual(measuredRuns(sweep));
    expect(read.base).toEqual(sweep.base);
    const [one, other] = readMeasuredRuns(texts(imported)['runs.csv']!).runs;
    expect([one!.name, one!.shares, other!.losses]).toEqual(['x', { a: 0.2, b: 0.8 }, { a: Infinity, b: 2.5 }]);
  });

  it('gives a run that a rung ended the tokens that it was trained for, and leaves out what has not ended', () => {
    const [first, second, third] = runs;
    const some: SweepRecord = {
      ...sweep,
      size: 1000,
      runs: [
        { ...first!, state: 'stopped' },
        { ...second!, state: 'planned' },
        { ...third!, state: 'failed', result: null },
      ],
    };
    const read = readMeasuredRuns(texts(some)['runs.csv']!);
    expect(read.runs.map(({ name, tokens, size }) => [name, tokens, size])).toEqual([
      ['0', 20_480, 1000],
      ['2', measuredRuns(sweep)[2]!.tokens, 1000],
    ]);
    expect(Object.values(read.runs[1]!.losses)).toEqual(ids.map(() => Infinity));
  });

  it('is packed in pieces to a zip that holds the same', async () => {
    const long = '词𠀀,"x"\n'.repeat(30_000);
    let rests = 0;
    const parts = await zipFiles(
      [
        { name: 'a/b.csv', text: [long.slice(0, 7), long.slice(7)] },
        { name: 'c', text: [] },
      ],
      async () => void rests++,
    );
    const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
    const files = unzipSync(whole);
    expect(strFromU8(files['a/b.csv']!)).toBe(long);
    expect(files['c']!.length).toBe(0);
    expect(rests).toBeGreaterThan(2);
  });

  it('gives the columns that are shown', () => {
    const columns = sweepColumns(sweep, null).filter(({ id }) => ['domainShare', 'state'].includes(id));
    expect(columnsCsv(columns, [3, 0], (row) => `#${row}`)).toBe('run,domainShare,state\n#3,0.5,failed\n#0,0.1,finished\n');
  });
});
