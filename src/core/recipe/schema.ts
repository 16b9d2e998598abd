/**
 * The recipe: the one description of a run. A page edits it, a run stores it, a share link carries it, the command line
 * reads it. Same recipe, seed and backend give the same losses.
 */
import { z } from '../zod';

const share = z.number().min(0).max(1);
const identifier = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i);

export const channelSchema = z.strictObject({
  id: identifier,
  /** Corpus id: a bundled one (`zh`, `en`, `code`, `domain`, `domain-legal`) or an imported one. */
  corpus: identifier,
  role: z.enum(['general', 'domain']),
  /** Share of the rows of every batch, 0 to 1; the shares of all channels sum to 1. */
  share,
});

export const warmupSchema = z.discriminatedUnion('unit', [
  z.strictObject({ unit: z.literal('ratio'), value: z.number().min(0).max(1) }),
  z.strictObject({ unit: z.literal('steps'), value: z.number().int().min(0) }),
]);

export const scheduleSchema = z.strictObject({
  kind: z.enum(['constant', 'linear', 'cosine', 'wsd']),
  /** Peak learning rate η. */
  peakLr: z.number().min(0).max(1),
  /** Floor m as a share of the peak: m = minRatio · η (linear, cosine and WSD end there). */
  minRatio: z.number().min(0).max(1).default(0.1),
  warmup: warmupSchema,
  /** WSD: share of all steps spent decaying at the end. */
  decayRatio: z.number().min(0.01).max(1).default(0.1),
  /** WSD: shape of the decay. */
  decayShape: z.enum(['linear', 'cosine', 'sqrt']).default('linear'),
});

export const strategySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('mixed') }),
  /** First `generalRatio` of all steps on general channels alone, the rest on domain channels alone. */
  z.strictObject({ kind: z.literal('general-then-domain'), generalRatio: share.default(0.5) }),
  z.strictObject({ kind: z.literal('domain-only') }),
]);

const rolesNeeded = {
  mixed: [],
  'general-then-domain': ['general', 'domain'],
  'domain-only': ['domain'],
} as const;

export const recipeSchema = z
  .strictObject({
    version: z.literal(1),
    /** Preset id or a person's own name. */
    name: z.string().min(1).max(120),
    /** Model id: `nano` or an imported one. */
    base: identifier,
    /** Tokens per row. */
    context: z.number().int().min(8).max(32768),
    channels: z.array(channelSchema).min(1).max(16),
    strategy: strategySchema,
    schedule: scheduleSchema,
    /** rows × accumulation rows make one step. */
    batch: z.strictObject({ rows: z.number().int().min(1).max(512), accumulation: z.number().int().min(1).max(1024).default(1) }),
    optimizer: z.strictObject({
      beta1: z.number().min(0).lt(1).default(0.9),
      beta2: z.number().min(0).lt(1).default(0.95),
      epsilon: z.number().gt(0).max(1).default(1e-8),
      weightDecay: z.number().min(0).max(1).default(0.1),
      /** Gradient clipping by global norm; 0 switches it off. */
      maxGradNorm: z.number().min(0).default(1),
    }),
    dropout: z.number().min(0).max(0.9).default(0),
    budget: z.strictObject({ steps: z.number().int().min(1).max(10_000_000) }),
    evaluation: z.strictObject({
      /** Held-out loss at step 0, every so many steps, and at the end. */
      everySteps: z.number().int().min(1),
      /** Held-out rows per channel: the same rows each time. */
      rowsPerChannel: z.number().int().min(1).max(4096),
    }),
    saving: z.strictObject({ everySteps: z.number().int().min(1), keep: z.number().int().min(1).max(100).default(3) }),
    logging: z.strictObject({ everySteps: z.number().int().min(1) }),
    stopping: z.strictObject({
      /** Stop when the mean held-out loss of the domain channels has not improved by `threshold` for `patience` evaluations. */
      early: z.strictObject({ patience: z.number().int().min(1).default(3), threshold: z.number().min(0).default(0.01) }).nullable(),
      /** Stop when mean general retention (base ppl / present ppl) falls below this. */
      forgetting: z.strictObject({ retention: z.number().gt(0).max(1).default(0.95) }).nullable(),
    }),
    precision: z.enum(['f32', 'f16', 'bf16']).default('f32'),
    seed: z.number().int().min(0).max(0xffffffff),
    /** False marks a reference recipe that is shown and exported but too large for a browser (the 7B one). */
    runnable: z.boolean().default(true),
  })
  .superRefine((recipe, context) => {
    const refuse = (path: string[], value: string | number, accepted: string) =>
      context.addIssue({ code: 'custom', path, message: `is ${value}; accepted: ${accepted}`, params: { value, accepted } });
    const sum = recipe.channels.reduce((total, channel) => total + channel.share, 0);
    if (Math.abs(sum - 1) > 1e-6) refuse(['channels'], `Σ share = ${Number(sum.toFixed(6))}`, 'Σ share = 1');
    const ids = recipe.channels.map((channel) => channel.id);
    const twice = ids.find((id, at) => ids.indexOf(id) !== at);
    if (ids.includes('total')) refuse(['channels', 'id'], 'total', 'id ≠ total');
    if (twice !== undefined) refuse(['channels', 'id'], twice, 'id ≠ id');
    for (const role of rolesNeeded[recipe.strategy.kind])
      if (!recipe.channels.some((channel) => channel.role === role)) refuse(['strategy', 'kind'], recipe.strategy.kind, `role "${role}"`);
  });

export type Recipe = z.infer<typeof recipeSchema>;
export type RecipeInput = z.input<typeof recipeSchema>;
export type Channel = Recipe['channels'][number];
export type ChannelRole = Channel['role'];
export type Schedule = Recipe['schedule'];
export type Strategy = Recipe['strategy'];
