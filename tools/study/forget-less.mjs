// @ts-check
/**
 * `npm run study -- forget-less`: methods against forgetting on one plot of domain gain against retention. Every method trains on the domain
 * alone, or on the domain with what it adds, at its default strength and two others: once for the same tokens of domain, and at its default once
 * more for the same time as plain training on the domain alone.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gainOf, grouped, mean, median, retentionOf } from './findings.mjs';
import { percent, withDomain } from './plan.mjs';
import { source, table, withInterval } from './report.mjs';

/** Ten times the preset's rate: forgetting shows within few steps. */
const PEAK_LR = 3e-3;
const RETENTION_LINE = 0.95;
/** Training on the domain alone, with nothing against forgetting. */
export const PLAIN = 'nothing';

/**
 * @typedef {object} Arm
 * @property {string} method
 * @property {string} strength as a reader finds it in a recipe; the first of a method is its default
 * @property {(plain: any) => any} recipe from the recipe on the domain alone
 * @property {number} [replay] share of the domain, where general text is drawn too
 */

/** @param {any} golden the golden-ratio preset's recipe @param {any} echo the channel of the echo preset @returns {Arm[]} */
function armsOf(golden, echo) {
  const rate = (/** @type {number} */ factor) => (/** @type {any} */ plain) => ({
    ...plain,
    schedule: { ...plain.schedule, peakLr: PEAK_LR * factor },
  });
  const held = (/** @type {any} */ regularisation) => (/** @type {any} */ plain) => ({ ...plain, regularisation });
  const method = (/** @type {any} */ chosen) => (/** @type {any} */ plain) => ({ ...plain, method: chosen });
  const lora = (/** @type {number} */ r) => method({ kind: 'lora', r, alpha: 4 * r, dropout: 0, targets: ['all-linear'] });
  /** @type {[string, [string, (plain: any) => any, number?][]][]} */
  const methods = [
    [PLAIN, [['domain alone', (plain) => plain]]],
    [
      'replay of general text',
      [1 / 6, 1 / 4, 1 / 2].map((share) => [
        `${percent(share)} % domain`,
        (plain) => ({ ...plain, channels: withDomain(golden, share).channels }),
        share,
      ]),
    ],
    ['lower learning rate', [0.3, 0.1, 0.03].map((factor) => [`× ${factor}`, rate(factor)])],
    ['LoRA', [8, 2, 32].map((r) => [`r ${r}`, lora(r)])],
    ['EWC', [10, 1, 100].map((lambda) => [`λ ${lambda}`, held({ ewc: { lambda, sequences: 64, labels: 'model' } })])],
    ['L2-SP', [1e-2, 1e-3, 1e-1].map((lambda) => [`λ ${lambda}`, held({ l2sp: { lambda } })])],
    [
      'distillation from the base',
      [0.5, 0.8, 0.2].map((alpha) => [`α ${alpha}`, held({ distillation: { rows: 'all', alpha, temperature: 2, warmup: 0 } })]),
    ],
    ['last layers', [2, 1, 3].map((lastLayers) => [`${lastLayers} of 4`, method({ kind: 'partial', lastLayers })])],
    [
      'progressive unfreezing',
      [0.2, 0.1, 0.3].map((value) => [
        `a layer each ${100 * value} %`,
        method({
          kind: 'partial',
          lastLayers: 1,
          finalNorm: true,
          embeddings: true,
          unfreezing: { order: 'downwards', layers: 1, every: { unit: 'ratio', value } },
        }),
      ]),
    ],
    [
      'parameter isolation',
      [0.1, 0.03, 0.3].map((share) => [
        `${100 * share} % of the weights`,
        method({ kind: 'partial', lastLayers: 'all', isolation: { unit: 'weights', share, by: 'domain', sequences: 16, labels: 'model' } }),
      ]),
    ],
    ['prefix tuning', [16, 4, 64].map((tokens) => [`${tokens} tokens`, method({ kind: 'prefix', tokens })])],
    ['prompt tuning', [16, 4, 64].map((tokens) => [`${tokens} tokens`, method({ kind: 'prompt', tokens, init: 'vocabulary' })])],
    [
      'LLaMA-Adapter',
      [2, 1, 4].map((adapterLayers) => [`${adapterLayers} of 4 layers`, method({ kind: 'llama-adapter', tokens: 10, adapterLayers })]),
    ],
    [
      'echo',
      [1 / 2, 3 / 4, 1 / 4].map((share) => [
        `${100 * share} % domain`,
        (plain) => ({
          ...plain,
          channels: [
            ...plain.channels.map((/** @type {any} */ one) => ({ ...one, share: one.share * share })),
            { ...echo, share: 1 - share },
          ],
        }),
        share,
      ]),
    ],
  ];
  return methods.flatMap(([name, strengths]) =>
    strengths.map(([strength, recipe, replay]) => ({ method: name, strength, recipe, ...(replay ? { replay } : {}) })),
  );
}

/** Positions of the merge fader, measured on the plain run: the default and two others. */
export const MERGED = [0.6, 0.3, 0.8];

/** @param {string} text */
const slug = (text) => text.replace(/[^\w.]+/g, '-').replace(/^-|-$/g, '');

/**
 * Runs that see the same tokens of domain.
 * @param {any} golden @param {any} echo @param {{ steps: number, seeds: number[] }} options steps of a run on the domain alone
 */
export function sameTokens(golden, echo, { steps, seeds }) {
  return seeds.flatMap((seed) =>
    armsOf(golden, echo).map((arm) => runOf(golden, arm, { seed, steps: Math.round(steps / (arm.replay ?? 1)), table: 'tokens' })),
  );
}

/** A run's default setting of each method, plain training first. @param {any} golden @param {any} echo */
const defaultsOf = (golden, echo) =>
  armsOf(golden, echo).filter(({ method }, at, all) => all.findIndex((arm) => arm.method === method) === at);

const TIMED_STEPS = 10;
const TIMED_ROUNDS = 3;

/**
 * Short runs of every method's default one after another, and that several times over, so that whatever else the machine does meets all of
 * them alike.
 * @param {any} golden @param {any} echo
 */
export function timingRuns(golden, echo) {
  return Array.from({ length: TIMED_ROUNDS }, (_, round) =>
    defaultsOf(golden, echo).map((arm) => {
      const run = runOf(golden, arm, { seed: 1, steps: TIMED_STEPS, table: 'time' });
      return { ...run, id: `timing-${round}_${run.id}`, timed: true, recipe: { ...run.recipe, logging: { everySteps: 1 } } };
    }),
  ).flat();
}

/** Method → time of a step against plain training: a ratio of medians. @param {readonly { method: string, stepMs: number[] }[]} timed */
export function stepTimes(timed) {
  const medianOf = (/** @type {string} */ method) => median(timed.filter((run) => run.method === method).flatMap(({ stepMs }) => stepMs));
  const plain = medianOf(PLAIN);
  return Object.fromEntries([...new Set(timed.map(({ method }) => method))].map((method) => [method, medianOf(method) / plain]));
}

/**
 * Runs that take the time of the plain one; a method's default alone.
 * @param {any} golden @param {any} echo @param {{ steps: number, seeds: number[] }} options
 * @param {Record<string, number>} times of `stepTimes`
 */
export function sameTime(golden, echo, { steps, seeds }, times) {
  return seeds.flatMap((seed) =>
    defaultsOf(golden, echo)
      .filter(({ method }) => method !== PLAIN)
      .map((arm) => runOf(golden, arm, { seed, steps: Math.max(1, Math.round(steps / Number(times[arm.method]))), table: 'time' })),
  );
}

/** @param {any} golden @param {Arm} arm @param {{ seed: number, steps: number, table: 'tokens' | 'time' }} options */
function runOf(golden, { method, strength, recipe }, { seed, steps, table }) {
  const alone = withDomain(golden, 1);
  const plain = {
    ...alone,
    name: 'forget less',
    seed,
    strategy: { kind: 'mixed' },
    schedule: { ...alone.schedule, peakLr: PEAK_LR },
    budget: { steps },
    evaluation: { everySteps: steps, rowsPerChannel: 2 },
    saving: { everySteps: steps, keep: 1 },
    stopping: { early: null, forgetting: null },
  };
  const id = [slug(method), slug(strength), table, `seed-${seed}`].join('_');
  return { id, method, strength, seed, table, recipe: recipe(plain), ...(method === PLAIN ? { merges: MERGED } : {}) };
}

/**
 * One result for each position of the merge fader beside those that were trained.
 * @param {any[]} results
 */
function withMerges(results) {
  return results.flatMap((run) => [
    run,
    ...(run.merged ?? []).map((/** @type {any} */ mixture, /** @type {number} */ at) => ({
      ...run,
      method: 'merge fader',
      strength: `λ ${MERGED[at]}`,
      mixture,
    })),
  ]);
}

/** Mean over seeds of each setting. @param {any[]} results @param {'tokens' | 'time'} table */
export function settings(results, table) {
  const groups = grouped(
    withMerges(results),
    (run) => run.table === table || run.method === PLAIN,
    (run) => `${run.method}\n${run.strength}`,
  );
  return [...groups.values()].map((runs) => ({
    method: runs[0].method,
    strength: runs[0].strength,
    gain: mean(runs.map((run) => gainOf(run).value)),
    retention: mean(runs.map((run) => retentionOf(run).value)),
    gains: runs.map((run) => gainOf(run)),
    retentions: runs.map((run) => retentionOf(run)),
    steps: runs[0].recipe.budget.steps,
  }));
}

/**
 * What the figures say of each claim, at the same tokens of domain.
 * @param {ReturnType<typeof settings>} points
 */
export function claims(points) {
  const plain = points.find(({ method }) => method === PLAIN);
  if (!plain) throw new Error('The plain run is missing');
  const methods = [...new Set(points.map(({ method }) => method))].filter((method) => method !== PLAIN);
  const of = (/** @type {string} */ method) => points.filter((point) => point.method === method);
  const three = (/** @type {number} */ value) => value.toFixed(3);
  const low = (/** @type {{ low: number } | null} */ interval) => interval?.low ?? -Infinity;
  const rows = methods.map((method) => {
    const [standard] = of(method);
    if (!standard) throw new Error(method);
    const surely = standard.retentions.every(({ interval }, at) => low(interval) > plain.retentions[at].value);
    return {
      claim: `${method} at its default (${standard.strength}) keeps more than plain training at the same tokens of domain.`,
      holds: surely,
      evidence: `retention ${three(standard.retention)} against ${three(plain.retention)}, gain ${three(standard.gain)} against ${three(plain.gain)}`,
    };
  });
  const replay = of('replay of general text');
  const others = points.filter(({ method }) => method !== PLAIN && method !== 'replay of general text');
  const beaten = others.filter(({ gain, retention }) => !replay.some((one) => one.gain >= gain && one.retention >= retention));
  const keeping = points.filter(({ retention }) => retention >= RETENTION_LINE).sort((a, b) => b.gain - a.gain);
  const [best] = keeping;
  return [
    ...rows,
    {
      claim: 'No method without the old data has a setting that replay does not beat in both figures.',
      holds: beaten.length === 0,
      evidence:
        beaten.length === 0
          ? 'every setting is beaten'
          : `not beaten: ${beaten.map(({ method, strength }) => `${method} ${strength}`).join(', ')}`,
    },
    {
      claim: `Some method keeps ${RETENTION_LINE} and at least half of the plain gain.`,
      holds: best !== undefined && best.gain >= plain.gain / 2,
      evidence: best
        ? `${best.method} ${best.strength}: retention ${three(best.retention)}, gain ${three(best.gain)} of ${three(plain.gain)}`
        : 'none keeps it',
    },
  ];
}

const SIZE = { width: 860, height: 520, left: 60, right: 190, top: 16, bottom: 44 };
const COLOURS = [
  '#20242a',
  '#c2571a',
  '#2f7d9e',
  '#7a5bb5',
  '#2e7d4f',
  '#b3261e',
  '#8a6d1a',
  '#b04a8b',
  '#51606e',
  '#3f51b5',
  '#00838f',
  '#9e5a2f',
  '#6b7f1f',
  '#a1466a',
  '#3d6b8a',
];

/**
 * Gain against retention, a colour a method, its settings joined from the weakest to the strongest gain, and the front of all.
 * @param {string} title @param {ReturnType<typeof settings>} points
 */
async function scatter(title, points) {
  const { el, horizontal, label, svgMarkup } = /** @type {typeof import('../../src/charts/svg')} */ (
    await source('../../src/charts/svg.ts')
  );
  const { linearScale, outerTicks } = /** @type {typeof import('../../src/charts/ticks')} */ (await source('../../src/charts/ticks.ts'));
  const { spreadLabels } = /** @type {typeof import('../../src/charts/labels')} */ (await source('../../src/charts/labels.ts'));
  const { paretoFront } = /** @type {typeof import('../../src/core/metrics/pareto')} */ (await source('../../src/core/metrics/pareto.ts'));
  const { width, height, left, right, top, bottom } = SIZE;
  const gains = outerTicks(Math.min(0, ...points.map(({ gain }) => gain)), Math.max(...points.map(({ gain }) => gain)), 6);
  const kept = outerTicks(
    Math.min(...points.map(({ retention }) => retention)),
    Math.max(1, ...points.map(({ retention }) => retention)),
    6,
  );
  const x = linearScale([gains.low, gains.high], [left, width - right]);
  const y = linearScale([kept.low, kept.high], [height - bottom, top]);
  const ink = '#1d2126';
  const methods = [...new Set(points.map(({ method }) => method))];
  const colour = (/** @type {string} */ method) => COLOURS[methods.indexOf(method) % COLOURS.length] ?? ink;
  const path = (/** @type {{ gain: number, retention: number }[]} */ line) =>
    line.map(({ gain, retention }, at) => `${at === 0 ? 'M' : 'L'}${x(gain).toFixed(1)} ${y(retention).toFixed(1)}`).join('');
  const lines = methods.map((method) => ({
    method,
    points: points.filter((point) => point.method === method).sort((a, b) => a.gain - b.gain),
  }));
  const names = spreadLabels(
    lines.map((line) => y(/** @type {any} */ (line.points.at(-1)).retention)),
    15,
    top + 6,
    height - bottom,
  );
  return svgMarkup(
    el('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': title, 'font-size': 12, 'font-family': 'sans-serif' }, [
      el('rect', { width, height, fill: '#fff' }),
      ...gains.ticks.map((tick) =>
        label(x(tick), height - bottom + 18, tick.toFixed(gains.digits), { anchor: 'middle', colour: '#5c626b' }),
      ),
      ...kept.ticks.flatMap((tick) => [
        horizontal(left, width - right, y(tick), '#dfd9cd'),
        label(left - 8, y(tick) + 4, tick.toFixed(kept.digits), { anchor: 'end', colour: '#5c626b' }),
      ]),
      horizontal(left, width - right, y(RETENTION_LINE), '#b3261e', { 'stroke-dasharray': '4 4' }),
      label((left + width - right) / 2, height - 8, 'domain gain, bits per byte', { anchor: 'middle', colour: ink }),
      label(left, top - 4, 'mean general retention', { colour: ink }),
      el('path', { d: path(paretoFront(points)), fill: 'none', stroke: '#4a4fc4', 'stroke-width': 2, 'stroke-dasharray': '7 4' }),
      ...lines.flatMap((line, at) => [
        el('path', { d: path(line.points), fill: 'none', stroke: colour(line.method), 'stroke-opacity': 0.5 }),
        ...line.points.map(({ gain, retention }) => el('circle', { cx: x(gain), cy: y(retention), r: 4.5, fill: colour(line.method) })),
        label(width - right + 10, (names[at] ?? 0) + 4, line.method, { colour: colour(line.method), bold: true }),
      ]),
    ]),
  );
}

/**
 * docs/study/forget-less.md with its two plots.
 * @param {any[]} results @param {Record<string, number>} times of `stepTimes`
 * @param {{ steps: number, seeds: number[], documents: number, folder: string }} about
 */
export async function writeForgetLess(results, times, { steps, seeds, documents, folder }) {
  const study = join(folder, 'study');
  await mkdir(study, { recursive: true });
  const tokens = settings(results, 'tokens');
  const time = settings(results, 'time');
  await writeFile(join(study, 'forget-less-tokens.svg'), `${await scatter('Same tokens of domain', tokens)}\n`);
  await writeFile(join(study, 'forget-less-time.svg'), `${await scatter('Same time', time)}\n`);
  const rows = (/** @type {ReturnType<typeof settings>} */ points) =>
    table([
      ['method', 'strength', 'steps', 'time of a step', 'domain gain, bits per byte', 'mean general retention'],
      ...points.map(({ method, strength, steps: made, gains, retentions }) => [
        method,
        strength,
        String(made),
        times[method] === undefined ? '1' : times[method].toFixed(2),
        gains.map(withInterval).join('; '),
        retentions.map(withInterval).join('; '),
      ]),
    ]);
  const minutes = results.reduce((sum, run) => sum + run.seconds.all, 0) / 60;
  const text = `# Forget less: methods on one plot

Written by \`npm run study -- forget-less --steps ${steps} --seeds ${seeds.join()}\`: ${results.length} runs from the bundled base, ${minutes.toFixed(0)} minutes in all on ${results[0].engine}. Plain training is
${steps} steps on the domain alone at a peak learning rate of ${PEAK_LR.toExponential()}; every method is that run with one switch of the recipe, seeds ${seeds.join(' and ')}. Base
and tuned model are measured on at most ${documents} held-out documents a channel; brackets are 95 % bootstrap intervals over documents, one entry a seed.
Points are means over seeds; the dashed line is the front that nothing beats in both figures.

## Findings

${table([['claim', 'holds here', 'figures'], ...claims(tokens).map(({ claim, holds, evidence }) => [claim, holds ? 'yes' : '**no**', evidence])])}

## The same tokens of domain

Replay draws general text besides, and so makes more steps.

![Gain against retention at the same tokens of domain](forget-less-tokens.svg)

${rows(tokens)}

## The same time

Each method's default, for as many steps as it makes in the time of plain training. The time of a step is that of the method's default against plain training: a
ratio of medians of ${TIMED_ROUNDS} × ${TIMED_STEPS} steps each, the methods in turn. What comes before a run's first step (Fisher information, writing an echo) is not in it. The merge
fader needs no training of its own.

![Gain against retention in the same time](forget-less-time.svg)

${rows(time)}
`;
  await writeFile(join(study, 'forget-less.md'), text);
}
