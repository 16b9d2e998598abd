/** Schemas of what a channel can be trained on in place of the next token of its text. */
import * as z from 'zod/mini';

const from = (low: number, high: number) => z.number().check(z.gte(low), z.lte(high));
const orElse = z._default;

/** Masked language modelling (Devlin et al., arXiv 1810.04805). A row is a window of text, a masked token counts. */
const mlmSchema = z.strictObject({
  kind: z.literal('mlm'),
  /** Share of a row's tokens that are predicted. */
  rate: orElse(from(0.01, 0.9), 0.15),
  /** Of these, the shares that the mask and a random token stand for; the rest stay as they are. */
  replace: orElse(from(0, 1), 0.8),
  random: orElse(from(0, 1), 0.1),
  /** What is masked at once. */
  unit: orElse(z.enum(['token', 'word', 'span']), 'token'),
  /** α of the loss (1 − α) · MLM + α · next token. */
  clmWeight: orElse(from(0, 1), 0),
});

/** Permuted factorisation (Yang et al., arXiv 1906.08237). */
const plmSchema = z.strictObject({
  kind: z.literal('plm'),
  /** Share of a row's tokens that are predicted: the last of the permuted order. */
  predict: orElse(from(0.01, 1), 1 / 6),
});

/** Two views of a text near each other, other texts away (SimCSE; Gao et al., arXiv 2104.08821). */
const contrastiveSchema = z.strictObject({
  kind: z.literal('contrastive'),
  temperature: orElse(from(0.001, 10), 0.05),
  pooling: orElse(z.enum(['mean', 'last']), 'mean'),
  /** Beside the texts of the batch. */
  negatives: orElse(z.enum(['none', 'noise', 'synonyms']), 'none'),
});

/** Conversations; the answers' tokens are predicted, or all. */
const sftSchema = z.strictObject({
  kind: z.literal('sft'),
  loss: orElse(z.enum(['answers', 'all']), 'answers'),
});

/** A text's label by a head on its hidden states. */
const classificationSchema = z.strictObject({
  kind: z.literal('classification'),
  /** Names, in the order of the head's outputs. */
  labels: z.array(z.string().check(z.minLength(1), z.maxLength(200))).check(z.minLength(2), z.maxLength(1000)),
  pooling: orElse(z.enum(['last', 'mean']), 'last'),
});

/** A score by a head, higher for the chosen of two answers (Bradley–Terry). */
const rewardSchema = z.strictObject({
  kind: z.literal('reward'),
  /** Pairs that say by how much count so. */
  margin: orElse(z.boolean(), false),
});

/** Direct preference optimisation (Rafailov et al., arXiv 2305.18290); the reference is the base. */
const dpoSchema = z.strictObject({
  kind: z.literal('dpo'),
  beta: orElse(from(0.001, 10), 0.1),
  labelSmoothing: orElse(from(0, 0.499), 0),
});

export const objectiveSchema = z.discriminatedUnion('kind', [
  mlmSchema,
  plmSchema,
  contrastiveSchema,
  sftSchema,
  classificationSchema,
  rewardSchema,
  dpoSchema,
]);

export type Objective = z.infer<typeof objectiveSchema>;
