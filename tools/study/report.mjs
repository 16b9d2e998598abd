// @ts-check
/** docs/STUDY.md and its charts, from the results of the runs. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';
import { findings, gainOf, grouped, mean, retentionOf, spikeOf } from './findings.mjs';
import { LR_FACTORS, percent, SHARES, STRATEGIES, WARMUPS, WARMUP_LR_FACTOR } from './plan.mjs';

/** A module of the page's sources. @param {string} path from here */
export const source = async (path) => (await runnerImport(fileURLToPath(new URL(path, import.meta.url)))).module;

const GOLDEN = 1 / 6;
const COLOURS = ['#c2571a', '#2f7d9e', '#7a5bb5'];

/** @param {{ value: number, interval: { low: number, high: number } | null }} estimate */
export const withInterval = ({ value, interval }) =>
  `${value.toFixed(3)}${interval ? ` (${interval.low.toFixed(3)} … ${interval.high.toFixed(3)})` : ''}`;
/** @param {{ value: number, interval: { low: number, high: number } | null }} estimate */
const point = ({ value, interval }) => ({ y: value, low: interval?.low ?? null, high: interval?.high ?? null });
/** @param {string[][]} rows the first is the head */
export const table = (rows) =>
  rows.map((row, at) => `| ${row.join(' | ')} |${at === 0 ? `\n|${' --- |'.repeat(row.length)}` : ''}`).join('\n');

/**
 * @param {any[]} results
 * @param {{ steps: number, seeds: number[], documents: number, folder: string }} about
 */
export async function writeReport(results, { steps, seeds, documents, folder }) {
  await mkdir(join(folder, 'study'), { recursive: true });
  const { categoryChart } = /** @type {typeof import('../../src/charts/still-charts')} */ (
    await source('../../src/charts/still-charts.ts')
  );
  const { svgMarkup } = /** @type {typeof import('../../src/charts/svg')} */ (await source('../../src/charts/svg.ts'));
  const [sample] = results;
  const { batchSize, gradientAccumulationSteps, sequenceLength } = sample.recipe;
  const tokens = steps * batchSize * gradientAccumulationSteps * sequenceLength;
  const only = (/** @type {string} */ except) => (/** @type {any} */ run) =>
    (except === 'share' || run.share === GOLDEN) &&
    (except === 'lr' || run.lrFactor === 1) &&
    run.warmup === 0.03 &&
    (except === 'strategy' || run.strategy === 'mixed');
  /**
   * @param {Map<string | number, any[]>} groups @param {readonly (string | number)[]} order
   * @param {(value: any) => string} name @param {string} head
   */
  const rows = (groups, order, name, head) => [
    [head, 'seed', 'domain loss, base → tuned', 'domain gain, bits per byte', 'mean general retention'],
    ...order.flatMap((value) =>
      (groups.get(value) ?? []).map((run) => {
        const domain = run.mixture.channels.find((/** @type {any} */ channel) => channel.role === 'domain');
        const losses = `${domain.loss[0].value.toFixed(3)} → ${domain.loss[1].value.toFixed(3)}`;
        return [name(value), String(run.seed), losses, withInterval(gainOf(run)), withInterval(retentionOf(run))];
      }),
    ),
  ];
  /**
   * @param {string} file @param {string} title @param {string} x
   * @param {Map<string | number, any[]>} groups @param {readonly (string | number)[]} order @param {(value: any) => string} name
   */
  const pictures = async (file, title, x, groups, order, name) => {
    const series = (/** @type {(run: any) => any} */ figure) =>
      seeds.map((seed, at) => ({
        name: `seed ${seed}`,
        colour: COLOURS[at % COLOURS.length] ?? '#000',
        points: order.map((value) => {
          const run = (groups.get(value) ?? []).find((candidate) => candidate.seed === seed);
          return run ? point(figure(run)) : null;
        }),
      }));
    const categories = order.map(name);
    const charts = {
      retention: categoryChart({
        title: `${title}: what is kept`,
        x,
        y: 'mean general retention',
        categories,
        series: series(retentionOf),
        line: { y: 0.95, name: '0.95' },
      }),
      gain: categoryChart({ title: `${title}: what is learnt`, x, y: 'domain gain, bits per byte', categories, series: series(gainOf) }),
    };
    for (const [kind, chart] of Object.entries(charts))
      await writeFile(join(folder, 'study', `${file}-${kind}.svg`), `${svgMarkup(chart)}\n`);
    return Object.keys(charts)
      .map((kind) => `![${title}: ${kind}](study/${file}-${kind}.svg)`)
      .join('\n');
  };

  const byShare = grouped(results, only('share'), (run) => run.share);
  const byLr = grouped(results, only('lr'), (run) => run.lrFactor);
  const byStrategy = grouped(results, only('strategy'), (run) => run.strategy);
  const byWarmup = grouped(
    results,
    (run) => run.lrFactor === WARMUP_LR_FACTOR && run.share === GOLDEN && run.strategy === 'mixed',
    (run) => run.warmup,
  );
  const shareName = (/** @type {number} */ share) => `${percent(share)} %`;
  const lrName = (/** @type {number} */ factor) =>
    factor === 0 ? '0' : Number((defaultLr(results) * factor).toPrecision(2)).toExponential();
  const minutes = results.reduce((sum, run) => sum + run.seconds.all, 0) / 60;
  const text = `# Study: what is learnt, what is forgotten

Written by \`npm run study\`: ${results.length} runs of ${steps} steps (${tokens.toLocaleString('en')} tokens each) from the bundled base on the bundled
channels, ${minutes.toFixed(0)} minutes of training and measuring in all on ${sample.engine}. Everything but the one setting that a table varies is that of
the golden-ratio preset: domain share ${percent(GOLDEN)} %, peak learning rate ${defaultLr(results).toExponential()}, warmup 3 %, cosine. Each run has the seeds ${seeds.join(' and ')}. Base and tuned
model are measured on the same ${documents} held-out documents of each channel at most; brackets are 95 % bootstrap intervals over documents. Gain is what the
domain channel lost in bits per byte, retention is base perplexity / tuned perplexity, mean over the general channels.

The base is small (about a million parameters) and the budget short: the directions are what to take from here to a larger model, not the
figures.

## Findings

${table([['claim', 'holds here', 'figures'], ...findings(results, GOLDEN).map(({ claim, holds, evidence }) => [claim, holds ? 'yes' : '**no**', evidence])])}

## Domain share

${await pictures('share', 'Domain share', 'share of the domain channel', byShare, SHARES, shareName)}

${table(rows(byShare, SHARES, shareName, 'domain share'))}

## Learning rate

${await pictures('lr', 'Learning rate', 'peak learning rate', byLr, LR_FACTORS, lrName)}

${table(rows(byLr, LR_FACTORS, lrName, 'peak learning rate'))}

## Warmup

At ${WARMUP_LR_FACTOR} times the preset's learning rate, where its lack shows. Rises are of the general channels' mean held-out loss over the base's, in nats per token.

${table([
  ['warmup', 'highest rise in the first third', 'rise at the end', 'mean general retention', 'domain gain, bits per byte'],
  ...WARMUPS.map((warmup) => {
    const runs = byWarmup.get(warmup) ?? [];
    const spikes = runs.map(spikeOf);
    return [
      shareName(warmup),
      spikes.map(({ first }) => first.toFixed(3)).join(' · '),
      spikes.map(({ end }) => end.toFixed(3)).join(' · '),
      runs.map((run) => retentionOf(run).value.toFixed(3)).join(' · '),
      runs.map((run) => gainOf(run).value.toFixed(3)).join(' · '),
    ];
  }),
])}

One figure a seed.

## Strategies at the same budget

${await pictures('strategy', 'Strategies', 'strategy', byStrategy, STRATEGIES, String)}

${table(rows(byStrategy, STRATEGIES, String, 'strategy'))}

Means over seeds: ${STRATEGIES.map((strategy) => {
    const runs = byStrategy.get(strategy) ?? [];
    return `${strategy} gains ${mean(runs.map((run) => gainOf(run).value)).toFixed(3)} and keeps ${mean(runs.map((run) => retentionOf(run).value)).toFixed(3)}`;
  }).join('; ')}.
`;
  await writeFile(join(folder, 'STUDY.md'), text);
}

/** Peak learning rate of the preset, from any run that has one. @param {any[]} results */
function defaultLr(results) {
  const run = results.find(({ lrFactor }) => lrFactor === 1);
  return run.recipe.schedule.peakLr;
}

/**
 * The arms of `echoRuns` as a table in Markdown: means over the seeds.
 * @param {any[]} results
 */
export function echoTable(results) {
  const arms = [...new Set(results.map(({ arm, steps }) => `${arm} ${steps}`))];
  const rows = arms.map((key) => {
    const own = results.filter(({ arm, steps }) => `${arm} ${steps}` === key);
    const [{ arm, steps, recipe }] = own;
    const mean = (/** @type {(result: any) => number} */ of) => own.reduce((sum, result) => sum + of(result), 0) / own.length;
    const domain = recipe.channels.filter((/** @type {any} */ { role }) => role === 'domain');
    const share = domain.reduce((/** @type {number} */ sum, /** @type {any} */ channel) => sum + channel.share, 0);
    const tokens = Math.round(steps * recipe.batchSize * recipe.gradientAccumulationSteps * recipe.sequenceLength * share);
    const gain = mean(({ mixture }) => mixture.domainGain[1].value);
    const retention = mean(({ mixture }) => mixture.meanRetention[1].value);
    const spread = own.map(({ mixture }) => mixture.meanRetention[1].value.toFixed(3)).join(', ');
    return `| ${arm} | ${steps} | ${tokens} | ${gain.toFixed(4)} | ${retention.toFixed(3)} (${spread}) |`;
  });
  return [
    '| arm | steps | domain tokens | domain gain, bits/byte | general retention (by seed) |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
