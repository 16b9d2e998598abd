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

const counted = (low: number, high: number) => z.int().check(z.gte(low), z.lte(high));

function compiles(pattern: string): boolean {
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch {
    return false;
  }
}

/** What an answer earns. */
const rewardRuleSchema = z.discriminatedUnion('kind', [
  /** 1 at this many tokens, falling evenly to 0 at none and at twice as many, and on. */
  z.strictObject({ kind: z.literal('length'), tokens: counted(1, 4096) }),
  /** How often the word stands in it, up to `most`. */
  z.strictObject({
    kind: z.literal('keyword'),
    word: z.string().check(z.minLength(1), z.maxLength(200)),
    most: orElse(counted(1, 1000), 5),
  }),
  /** 1 where the pattern matches, else 0. */
  z.strictObject({
    kind: z.literal('regex'),
    pattern: z.string().check(z.minLength(1), z.maxLength(400), z.refine(compiles, 'no regular expression')),
  }),
  /** The score of a reward model with the base's tokenizer. */
  z.strictObject({ kind: z.literal('model'), model: z.string().check(z.minLength(1)) }),
]);

/** Of answers that the model samples to a channel's prompts: a row is a prompt, a counted unit a token of an answer. */
const sampled = {
  reward: rewardRuleSchema,
  /** Longest answer. */
  answerTokens: orElse(counted(1, 4096), 32),
  temperature: orElse(from(0.05, 5), 1),
};

/** Proximal policy optimisation (Schulman et al., arXiv 1707.06347) with values by a head; settings as TRL's. */
const ppoSchema = z.strictObject({
  kind: z.literal('ppo'),
  ...sampled,
  /** Weight of the KL to the base in each token's reward. */
  klWeight: orElse(from(0, 10), 0.2),
  /** The weight moves towards this KL of an answer, in nats, as Ziegler et al. (arXiv 1909.08593) have it; absent: it stays. */
  klTarget: z.optional(from(0.01, 1000)),
  /** Answers after which it may have moved by a fifth. */
  klHorizon: orElse(counted(1, 1_000_000), 10_000),
  gamma: orElse(from(0, 1), 1),
  lambda: orElse(from(0, 1), 0.95),
  clip: orElse(from(0.01, 1), 0.2),
  valueClip: orElse(from(0.01, 10), 0.2),
  valueWeight: orElse(from(0, 10), 0.1),
  /** Steps that learn from the same answers. */
  updates: orElse(counted(1, 16), 4),
});

/** Group-relative policy optimisation (Shao et al., arXiv 2402.03300); settings as TRL's. */
const grpoSchema = z.strictObject({
  kind: z.literal('grpo'),
  ...sampled,
  /** Answers to each prompt, which are set against each other. */
  generations: orElse(counted(2, 64), 8),
  /** Whose mean the loss is: of all tokens, of the answers' own means, or of as many tokens as answers may have. */
  loss: orElse(z.enum(['dapo', 'grpo', 'dr_grpo']), 'dapo'),
  /** What advantages are divided by: the deviation of the prompt's rewards, of the step's, or nothing. */
  scale: orElse(z.enum(['group', 'batch', 'none']), 'group'),
  /** Weight of the KL to the base in the loss. */
  beta: orElse(from(0, 10), 0),
  clipLow: orElse(from(0.01, 1), 0.2),
  clipHigh: orElse(from(0.01, 10), 0.2),
  updates: orElse(counted(1, 16), 1),
});

export const objectiveSchema = z.discriminatedUnion('kind', [
  mlmSchema,
  plmSchema,
  contrastiveSchema,
  sftSchema,
  classificationSchema,
  rewardSchema,
  dpoSchema,
  ppoSchema,
  grpoSchema,
]);

export type Objective = z.infer<typeof objectiveSchema>;
export type RewardRule = z.infer<typeof rewardRuleSchema>;
