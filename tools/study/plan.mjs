// @ts-check
/**
 * The runs of the study: from one default recipe, one thing at a time is varied (a cross, not a grid), with every seed.
 * Shares are the domain's; the general channels keep their proportions.
 */
export const SHARES = [0, 0.1, 1 / 6, 0.25, 0.5, 1];
export const LR_FACTORS = [0, 0.1, 1, 10];
export const WARMUPS = [0, 0.03, 0.1, 0.3];
export const STRATEGIES = ['mixed', 'curriculum', 'general-then-domain', 'domain-only'];
/** The peak at which a missing warmup shows. */
export const WARMUP_LR_FACTOR = 10;

/**
 * @typedef {object} StudyRun
 * @property {string} id
 * @property {number} share @property {number} lrFactor @property {number} warmup @property {string} strategy @property {number} seed
 * @property {any} recipe
 */

/**
 * Every run once, in an order in which the first seed is complete first.
 * @param {any} base the golden-ratio preset's recipe @param {{ steps: number, seeds: number[] }} options
 * @returns {StudyRun[]}
 */
export function studyRuns(base, { steps, seeds }) {
  /** @type {Map<string, StudyRun>} */
  const runs = new Map();
  for (const seed of seeds) {
    /** @param {{ share?: number, lrFactor?: number, warmup?: number, strategy?: string }} change */
    const add = ({ share = 1 / 6, lrFactor = 1, warmup = 0.03, strategy = 'mixed' }) => {
      const id = `share-${percent(share)}_lr-x${lrFactor}_warmup-${percent(warmup)}_${strategy}_seed-${seed}`;
      runs.set(id, {
        id,
        share,
        lrFactor,
        warmup,
        strategy,
        seed,
        recipe: recipeOf(base, { share, lrFactor, warmup, strategy, seed, steps }),
      });
    };
    for (const share of SHARES) add({ share });
    for (const lrFactor of LR_FACTORS) add({ lrFactor });
    for (const warmup of WARMUPS) add({ lrFactor: WARMUP_LR_FACTOR, warmup });
    for (const strategy of STRATEGIES) add({ strategy });
  }
  return [...runs.values()];
}

/** Share of the domain beside an echo or a replay. */
const ECHO_DOMAIN_SHARE = 0.5;

/**
 * The arms of the echo study: the domain alone, with text that the base writes, and with the true general text. Arms of `steps` steps compare at
 * the same steps; those of twice as many have seen as many domain tokens as the domain alone.
 * @param {any} base the golden-ratio preset's recipe @param {any} echo the echo channel of the preset of that name
 * @param {{ steps: number, seeds: number[] }} options
 * @returns {{ id: string, arm: string, steps: number, seed: number, recipe: any }[]}
 */
export function echoRuns(base, echo, { steps, seeds }) {
  const twice = Math.round(steps / ECHO_DOMAIN_SHARE);
  const plain = { lrFactor: 1, warmup: 0.03, strategy: 'mixed' };
  return seeds.flatMap((seed) => {
    const measured = (/** @type {any} */ channel) => (channel.role === 'domain' ? channel : { ...channel, share: 0 });
    const alone = recipeOf(base, { ...plain, share: 1, seed, steps });
    const replay = (/** @type {number} */ count) => recipeOf(base, { ...plain, share: ECHO_DOMAIN_SHARE, seed, steps: count });
    const echoed = (/** @type {number} */ count) => {
      const recipe = replay(count);
      return { ...recipe, channels: [...recipe.channels.map(measured), { ...echo, share: 1 - ECHO_DOMAIN_SHARE }] };
    };
    const run = (/** @type {string} */ arm, /** @type {any} */ recipe) => {
      const { steps: count } = recipe.budget;
      return { id: `echo_${arm}_steps-${count}_seed-${seed}`, arm, steps: count, seed, recipe };
    };
    return [
      run('domain-only', alone),
      run('echo', echoed(steps)),
      run('replay', replay(steps)),
      run('echo', echoed(twice)),
      run('replay', replay(twice)),
    ];
  });
}

/** @param {any} recipe @param {number} share of the domain; the other channels keep their proportions */
export function withDomain(recipe, share) {
  const isDomain = (/** @type {any} */ { role }) => role === 'domain';
  const sum = (/** @type {any[]} */ channels) => channels.reduce((total, channel) => total + channel.share, 0);
  const domain = sum(recipe.channels.filter(isDomain));
  const channels = recipe.channels.map((/** @type {any} */ channel) => ({
    ...channel,
    share: isDomain(channel) ? (channel.share / domain) * share : (channel.share / (1 - domain)) * (1 - share),
  }));
  return { ...recipe, channels };
}

/** @param {number} ratio */
export const percent = (ratio) => `${Number((ratio * 100).toFixed(1))}`;

/**
 * @param {any} base
 * @param {{ share: number, lrFactor: number, warmup: number, strategy: string, seed: number, steps: number }} change
 */
function recipeOf(base, { share, lrFactor, warmup, strategy, seed, steps }) {
  return {
    ...withDomain(base, share),
    name: 'study',
    seed,
    strategy:
      strategy === 'general-then-domain'
        ? { kind: strategy, generalRatio: 0.5 }
        : strategy === 'curriculum'
          ? { kind: strategy, generalRatio: 0.2, riseRatio: 0.3 }
          : { kind: strategy },
    schedule: { ...base.schedule, peakLr: base.schedule.peakLr * lrFactor, warmup: { unit: 'ratio', value: warmup } },
    budget: { steps },
    evaluation: { everySteps: Math.max(1, Math.round(steps / 15)), rowsPerChannel: 16 },
    saving: { everySteps: steps, keep: 1 },
    stopping: { early: null, forgetting: null },
  };
}
