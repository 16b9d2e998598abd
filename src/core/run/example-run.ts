/** A run made up for tests: three channels, held-out losses as given. */
import { recipeSchema, type Recipe, type RecipeInput } from '../recipe/schema';
import type { RunView, Windows } from './view';

const EXAMPLE: RecipeInput = {
  version: 2,
  name: 'test',
  base: 'nano',
  sequenceLength: 128,
  channels: [
    { id: 'zh', corpus: 'zh', role: 'general', share: 0.5 },
    { id: 'en', corpus: 'en', role: 'general', share: 0.3 },
    { id: 'domain', corpus: 'domain', role: 'domain', share: 0.2 },
  ],
  strategy: { kind: 'mixed' },
  schedule: { kind: 'cosine', peakLr: 3e-4, warmup: { unit: 'ratio', value: 0.03 } },
  batchSize: 8,
  optimizer: {},
  budget: { steps: 100 },
  evaluation: { everySteps: 10, rowsPerChannel: 8 },
  saving: { everySteps: 50 },
  logging: { everySteps: 5 },
  stopping: { early: null, forgetting: null },
  seed: 1,
};

/** The example with other values. */
export const recipeWith = (changes: Partial<RecipeInput>): Recipe => recipeSchema.parse({ ...EXAMPLE, ...changes });

export const exampleRecipe = recipeWith({});

/** Windows with what is given; nothing else was logged in them. */
export function exampleWindows(
  given: Partial<Record<'step' | 'tokens' | 'seconds' | 'domainTokens', number[]>> & Pick<Partial<Windows>, 'loss' | 'shares'>,
): Windows {
  const { step = [], tokens = [], seconds = [], domainTokens = [], loss = {}, shares = {} } = given;
  const none = Float64Array.from(step, () => NaN);
  return {
    step: Float64Array.from(step),
    tokens: Float64Array.from(tokens),
    seconds: Float64Array.from(seconds),
    domainTokens: Float64Array.from(domainTokens),
    loss,
    shares,
    figures: {},
    logged: { lr: none, gradNorm: none, tokensPerSecond: none, lossScale: none },
  };
}

/** Held-out losses per evaluation; the first is the base's. */
export function exampleRun(
  heldOut: Record<string, number[]>,
  options: { step?: number; peakLr?: number; train?: number[]; epochs?: number; trainLoss?: number } = {},
): RunView {
  const series = (y: number[]) => ({ x: y.map((_, at) => at * 10), y });
  const channels = exampleRecipe.channels.map(({ id, role, share }) => {
    const losses = heldOut[id] ?? [];
    return {
      id,
      role,
      share,
      trainLoss: options.trainLoss ?? losses.at(-1) ?? null,
      heldOutLoss: losses.at(-1) ?? null,
      baseLoss: losses[0] ?? null,
      tokens: 0,
      epochs: options.epochs ?? 0.2,
    };
  });
  const kept = channels.flatMap(({ role, baseLoss, heldOutLoss }) =>
    role === 'general' && baseLoss !== null ? [Math.exp(baseLoss - heldOutLoss!)] : [],
  );
  return {
    runId: 'r',
    name: 'r',
    state: 'running',
    stopReason: null,
    error: null,
    recipe: exampleRecipe,
    settings: { shares: {}, schedule: { ...exampleRecipe.schedule, peakLr: options.peakLr ?? 3e-4 } },
    step: options.step ?? 50,
    steps: 100,
    tokens: 0,
    tokensPerSecond: null,
    lossScaling: null,
    stepMs: null,
    etaSeconds: null,
    lr: 0,
    gradNorm: null,
    channels,
    gain: null,
    retention: kept.length > 0 ? kept.reduce((sum, value) => sum + value, 0) / kept.length : null,
    base: Object.fromEntries(channels.flatMap(({ id, baseLoss }) => (baseLoss === null ? [] : [[id, baseLoss]]))),
    train: { total: series(options.train ?? []) },
    heldOut: Object.fromEntries(Object.entries(heldOut).map(([id, losses]) => [id, series(losses)])),
    heldOutFigures: {},
    windows: exampleWindows({}),
    bytesPerToken: {},
    retentionSeries: { x: [], y: [] },
    risk: null,
    riskSeries: { x: [], y: [] },
    attention: [],
    adversarial: [],
    masked: null,
    texts: [],
    events: [],
    checkpoints: [],
  };
}
