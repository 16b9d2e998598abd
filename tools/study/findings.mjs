// @ts-check
/** What the study's figures say of each claim. Nothing here knows how it should come out. */

/** @param {readonly number[]} values */
export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  return (Number(sorted[Math.floor(middle)]) + Number(sorted[Math.ceil(middle)])) / 2;
}

/**
 * Of the runs that fit, by one setting.
 * @param {any[]} results @param {(run: any) => boolean} fits @param {(run: any) => string | number} setting
 * @returns {Map<string | number, any[]>} in the order of first appearance
 */
export function grouped(results, fits, setting) {
  const groups = new Map();
  for (const run of results.filter(fits)) groups.set(setting(run), [...(groups.get(setting(run)) ?? []), run]);
  return groups;
}

/** Bits per byte of the domain that were gained; { value, interval }. @param {any} run */
export const gainOf = (run) => run.mixture.domainGain[1];
/** Mean general retention; { value, interval }. @param {any} run */
export const retentionOf = (run) => run.mixture.meanRetention[1];

/**
 * Highest mean rise of the general channels' held-out loss over the base in the first third of the steps, in nats per token, and the rise
 * at the end. @param {any} run
 */
export function spikeOf(run) {
  const general = run.recipe.channels
    .filter((/** @type {any} */ { role }) => role === 'general')
    .map((/** @type {any} */ { id }) => run.heldOut[id]);
  /** @type {number[]} */
  const steps = general[0].x;
  const rise = steps.map((_, /** @type {number} */ at) => mean(general.map((/** @type {any} */ { y }) => y[at] - y[0])));
  const early = rise.filter((_, /** @type {number} */ at) => Number(steps[at]) <= run.recipe.budget.steps / 3);
  return { first: Math.max(...early), end: Number(rise.at(-1)) };
}

/** Is each value at most the one before? @param {readonly number[]} values */
const falling = (values) => values.every((value, at) => at === 0 || value <= /** @type {number} */ (values[at - 1]));

/**
 * @param {any[]} results @param {number} golden share
 * @returns {{ claim: string, holds: boolean, evidence: string }[]}
 */
export function findings(results, golden = 1 / 6) {
  const isDefault = (/** @type {any} */ run, /** @type {string} */ except) =>
    (except === 'share' || run.share === golden) &&
    (except === 'lrFactor' || run.lrFactor === 1) &&
    (except === 'warmup' || run.warmup === 0.03) &&
    (except === 'strategy' || run.strategy === 'mixed');
  const along = (/** @type {string} */ setting, /** @type {(run: any) => number} */ figure) =>
    [
      ...grouped(
        results,
        (run) => isDefault(run, setting),
        (run) => run[setting],
      ),
    ]
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([value, runs]) => ({ value: Number(value), figure: mean(runs.map(figure)) }));
  const kept = (/** @type {any} */ run) => retentionOf(run).value;
  const gain = (/** @type {any} */ run) => gainOf(run).value;
  const listed = (/** @type {{ value: number, figure: number }[]} */ points, /** @type {(value: number) => string} */ name) =>
    points.map(({ value, figure }) => `${name(value)}: ${figure.toFixed(3)}`).join(', ');

  const still = results.filter((run) => run.lrFactor === 0);
  const byShare = along('share', kept);
  const byLr = along('lrFactor', kept);
  const gains = along('share', gain);
  const at = (/** @type {{ value: number, figure: number }[]} */ points, /** @type {number} */ value) =>
    points.find((point) => point.value === value)?.figure ?? Number.NaN;
  const alone = { kept: at(byShare, 1), gain: at(gains, 1) };
  const bought = (at(byShare, golden) - alone.kept) / (1 - alone.kept);
  const cost = 1 - at(gains, golden) / alone.gain;

  const warm = [
    ...grouped(
      results,
      (run) => run.lrFactor === 10 && run.share === golden && run.strategy === 'mixed',
      (run) => run.warmup,
    ),
  ].sort(([a], [b]) => Number(a) - Number(b));
  const spikes = warm.map(([value, runs]) => ({ value: Number(value), figure: mean(runs.map((run) => spikeOf(run).first)) }));
  const ends = warm.map(([value, runs]) => ({ value: Number(value), figure: mean(runs.map(kept)) }));
  const spread = Math.max(...ends.map(({ figure }) => figure)) - Math.min(...ends.map(({ figure }) => figure));
  const noise = Math.max(...warm.flatMap(([, runs]) => runs.map((run) => retentionOf(run).interval.high - retentionOf(run).interval.low)));
  const share = (/** @type {number} */ value) => `${Number((value * 100).toFixed(1))} %`;
  return [
    {
      claim: 'At a learning rate of 0 nothing changes, bit for bit.',
      holds: still.length > 0 && still.every((run) => run.changed === 0),
      evidence: `${still.map((run) => `${run.changed} of ${run.parameters} tensors differ`).join('; ')} (one entry a seed)`,
    },
    {
      claim: 'Forgetting grows with the domain’s share.',
      holds: falling(byShare.map(({ figure }) => figure)),
      evidence: `mean general retention by share: ${listed(byShare, share)}`,
    },
    {
      claim: 'Forgetting grows with the learning rate.',
      holds: falling(byLr.map(({ figure }) => figure)),
      evidence: `mean general retention by peak learning rate: ${listed(byLr, (value) => `× ${value}`)}`,
    },
    {
      claim: 'Replay of general text buys back most of what is forgotten (more than half), against training on the domain alone.',
      holds: bought > 0.5,
      evidence: `retention ${alone.kept.toFixed(3)} on the domain alone, ${at(byShare, golden).toFixed(3)} at the golden ratio: ${share(bought)} of the loss is bought back`,
    },
    {
      claim: 'It does so at little cost to the domain (less than a fifth of what is learnt).',
      holds: cost < 0.2,
      evidence: `gain in bits per byte by share: ${listed(gains, share)}; the golden ratio gives up ${share(cost)} of the gain in the same number of steps`,
    },
    {
      claim: 'A longer warmup lowers the first spike.',
      holds: falling(spikes.map(({ figure }) => figure)),
      evidence: `highest rise of general held-out loss in the first third, at ten times the learning rate, by warmup: ${listed(spikes, share)} nats`,
    },
    {
      claim: 'A longer warmup does not make the end better.',
      holds: spread <= noise,
      evidence: `retention at the end by warmup: ${listed(ends, share)}; they differ by ${spread.toFixed(3)}, the widest 95 % interval is ${noise.toFixed(3)}`,
    },
  ];
}
