/**
 * The recipe: the one description of a run. A page edits it, a run stores it, a share link carries it, the command line
 * reads it. Same recipe, seed and backend give the same losses.
 */
import * as z from 'zod/mini';
import { deriveSeed } from '../rng/rng';
import { headsOf } from './objective';
import { objectiveSchema } from './objective-schema';

// zod's small build, since the page carries it too. The content policy forbids eval, which zod would otherwise probe for.
z.config({ jitless: true });

const from = (low: number, high: number) => z.number().check(z.gte(low), z.lte(high));
const count = (low: number, high = Number.MAX_SAFE_INTEGER) => z.int().check(z.gte(low), z.lte(high));
const orElse = z._default;

const share = from(0, 1);
const identifier = z.string().check(z.regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i));

/** How a model writes text, token by token (METHOD, "Echo channels"). The same settings, weights and backend give the same text. */
const echoSchema = z.strictObject({
  /** Model id: the base of the run, for an echo of what it knows. */
  model: identifier,
  /** What a document begins with: nothing, the first tokens of train documents of a corpus, or lines of a person's own. */
  prompts: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none') }),
    z.strictObject({ kind: z.literal('corpus'), corpus: identifier, tokens: orElse(count(1, 64), 8) }),
    z.strictObject({
      kind: z.literal('own'),
      lines: z.array(z.string().check(z.minLength(1), z.maxLength(400))).check(z.minLength(1), z.maxLength(64)),
    }),
  ]),
  /** 1 draws from the model's own distribution. */
  temperature: orElse(from(0.05, 2), 1),
  /** Of the likeliest tokens as many as reach this probability; 1: all. */
  topP: orElse(from(0.05, 1), 1),
  /** Tokens of a document at most, its prompt among them. */
  length: orElse(count(8, 4096), 192),
  /** Documents are written until they have so many tokens. */
  tokens: orElse(count(64, 10_000_000), 65_536),
  seed: orElse(count(0, 0xffffffff), 1),
});

/** Id of the corpus that is written by these settings: it follows from them, so that nobody writes it twice. */
export function echoCorpusId(settings: Echo): string {
  const { model, prompts, temperature, topP, length, tokens, seed } = settings;
  const all = JSON.stringify([model, prompts.kind, Object.values(prompts), temperature, topP, length, tokens, seed]);
  return `echo-${[0, 1].map((half) => deriveSeed(half, all).toString(16).padStart(8, '0')).join('')}`;
}

/** The end of a module's name, in which `*` is anything. */
const modulePattern = z.string().check(z.regex(/^[\w.*-]{1,120}$/));

const channelSchema = z.strictObject({
  id: identifier,
  /** Corpus id: a bundled one (`zh`, `en`, `code`, `domain`, `domain-legal`, `domain-short`) or an imported one. */
  corpus: identifier,
  role: z.enum(['general', 'domain']),
  /** Share of the rows of every batch, 0 to 1; the shares of all channels sum to 1. */
  share,
  /**
   * What special tokens written out in the text become: ordinary text (so where nothing is said), or the tokens themselves, which can end a
   * document in its middle.
   */
  specialTokens: z.optional(z.enum(['plain', 'tokens'])),
  /**
   * Weight w of the channel's mean loss in the objective, 0 to 1: on every channel, summing to 1, or on none. Absent: each token counts alike,
   * so that a channel weighs as much as its share of the tokens.
   */
  weight: z.optional(share),
  /** What the channel's rows are trained on and measured by. Absent: the next token. */
  objective: z.optional(objectiveSchema),
  /** Put before each of its texts, to tell a task from others. */
  prefix: z.optional(z.string().check(z.minLength(1), z.maxLength(400))),
  /** The text is a model's: it is written before the first step where it is not there. The corpus is the one of these settings. */
  generated: z.optional(echoSchema),
});

/** More and more of the model's own weights are trained (ULMFiT; Howard and Ruder, arXiv 1801.06146). */
const unfreezingSchema = z.discriminatedUnion('order', [
  z.strictObject({
    order: z.literal('downwards'),
    /** Blocks that join at a time, each below those that are trained; the embeddings, where they are trained, come last. */
    layers: orElse(count(1, 1024), 1),
    /** From one joining to the next: steps, or a share of all steps. */
    every: z.discriminatedUnion('unit', [
      z.strictObject({ unit: z.literal('ratio'), value: z.number().check(z.gt(0), z.lt(1)) }),
      z.strictObject({ unit: z.literal('steps'), value: count(1) }),
    ]),
  }),
  z.strictObject({
    order: z.literal('named'),
    stages: z
      .array(
        z.strictObject({
          /** Finished steps before the first that trains these modules. */
          step: count(1),
          modules: z.array(modulePattern).check(z.minLength(1), z.maxLength(32)),
        }),
      )
      .check(z.minLength(1), z.maxLength(64)),
  }),
]);

/** A part of each of the weights that are trained: the others keep their bits. */
const isolationSchema = z.strictObject({
  /** What is chosen: single weights, rows of the linear maps, or attention heads (a key-value head with the query heads that it serves). */
  unit: z.enum(['weights', 'rows', 'heads']),
  /** Share of all of these units. */
  share: z.number().check(z.gt(0), z.lt(1)),
  /**
   * Those with the highest Fisher information on the domain channels, or with the lowest on the general ones, or with the largest change of value:
   * in a short pass of training on the domain channels, or from the base to another model.
   */
  by: orElse(z.enum(['domain', 'general', 'change']), 'domain'),
  /** By change: id of a model with weights of the same shapes. Absent: a pass of training. */
  against: z.optional(identifier),
  /** Rows of text that the Fisher information is the mean over, and their labels: as for EWC; or rows, one a step, of the pass of training. */
  sequences: orElse(count(1, 4096), 64),
  labels: orElse(z.enum(['model', 'text']), 'model'),
});

const warmupSchema = z.discriminatedUnion('unit', [
  z.strictObject({ unit: z.literal('ratio'), value: from(0, 1) }),
  z.strictObject({ unit: z.literal('steps'), value: count(0) }),
]);

const scheduleSchema = z.strictObject({
  kind: z.enum(['constant', 'linear', 'cosine', 'wsd']),
  /** Peak learning rate η. */
  peakLr: from(0, 1),
  /** Floor m as a share of the peak: m = minRatio · η (linear, cosine and WSD end there). */
  minRatio: orElse(from(0, 1), 0.1),
  warmup: warmupSchema,
  /** WSD: share of all steps spent decaying at the end. */
  decayRatio: orElse(from(0.01, 1), 0.1),
  /** WSD: shape of the decay. */
  decayShape: orElse(z.enum(['linear', 'cosine', 'sqrt', 'exponential']), 'linear'),
});

const strategySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('mixed') }),
  /** First `generalRatio` of all steps on general channels alone, the rest on domain channels alone. */
  z.strictObject({ kind: z.literal('general-then-domain'), generalRatio: orElse(share, 0.5) }),
  z.strictObject({ kind: z.literal('domain-only') }),
  /**
   * First `generalRatio` of all steps on general channels alone; then the domain's share rises evenly over `riseRatio` of them to its
   * set value. Domain rows come in order of difficulty.
   */
  z.strictObject({ kind: z.literal('curriculum'), generalRatio: orElse(share, 0.2), riseRatio: orElse(share, 0.3) }),
]);

/** A stretch of a run with a mixture, a schedule and an order of rows of its own (METHOD, "Phases"). */
const phaseSchema = z.strictObject({
  name: z.optional(z.string().check(z.minLength(1), z.maxLength(60))),
  steps: count(1, 10_000_000),
  /** Channel id → share, summing to 1; a channel that is not named has none. Absent: the channels' own shares. */
  shares: z.optional(z.record(identifier, share)),
  /** Over the phase's own steps. Absent: the recipe's schedule, which runs over all steps. */
  schedule: z.optional(scheduleSchema),
  /** Of the domain channels' rows: by difficulty, easy ones first, or shuffled (so where nothing is said). */
  order: z.optional(z.enum(['shuffled', 'difficulty'])),
});

/** In the place of a teacher's model id: the average of the run's own weights (Tarvainen and Valpola, arXiv 1703.01780). */
export const EMA_TEACHER = 'ema';

/**
 * A teacher in the loss (METHOD, "Distillation"). Of a token of a taught row that loss is (1 − β(1 − α)) · CE + β(1 − α) · T² · KL(teacher_T ‖ model_T)
 * and the terms of `states`, times β = min(1, t / warmup) before step t.
 */
const distillationSchema = z.strictObject({
  /** Model id, or `ema` for the average of the run's own weights; absent: the base. */
  teacher: z.optional(identifier),
  /** Rows that are taught, by the role of their channel. */
  rows: orElse(z.enum(['general', 'domain', 'all']), 'general'),
  /** α, what is left of the cross-entropy. */
  alpha: orElse(share, 0.5),
  /** T of both models' predictions. */
  temperature: orElse(z.number().check(z.gte(0.1), z.lte(100)), 2),
  /** Steps until the teacher has its whole weight. */
  warmup: orElse(count(0), 0),
  /** What is compared within the models, in stages one after the other; each is a share of all steps, and they sum to 1. Absent: nothing. */
  states: z.optional(
    z.strictObject({
      /** Mean squared difference of the hidden states after the final norm. */
      last: orElse(share, 1),
      /** That of the hidden states of every layer. */
      all: orElse(share, 0),
      /** Divergence of the attention of every layer and head. */
      attention: orElse(share, 0),
      hiddenWeight: orElse(z.number().check(z.gt(0), z.lte(1e6)), 1),
      attentionWeight: orElse(z.number().check(z.gt(0), z.lte(1e6)), 1),
    }),
  ),
});

/** What holds the weights θ near θ₀, those of the base (METHOD, "Anchors"), or the model near a teacher. */
const regularisationSchema = z.strictObject({
  /** L2-SP: the term λ/2 · ‖θ − θ₀‖² of the loss. */
  l2sp: z.optional(z.strictObject({ lambda: z.number().check(z.gt(0), z.lte(1e6)) })),
  /** Elastic weight consolidation: the term λ/2 · Σ F (θ − θ₀)², F the diagonal of the base's Fisher information on the general channels. */
  ewc: z.optional(
    z.strictObject({
      lambda: z.number().check(z.gt(0), z.lte(1e9)),
      /** Rows of general text that the Fisher information is the mean over. */
      sequences: orElse(count(1, 4096), 64),
      /** Labels of these rows: drawn from the model, or the text's own (the empirical Fisher information). */
      labels: orElse(z.enum(['model', 'text']), 'model'),
      /**
       * Online EWC, where the base is a model kept from a run with EWC: F = γ · F of that run + the Fisher information of the base on the text of
       * the domain channels that the run read. Absent: F of the general channels alone.
       */
      online: z.optional(z.strictObject({ gamma: orElse(share, 0.95) })),
    }),
  ),
  /** Where AdamW's decoupled weight decay pulls to; absent: to 0. */
  decayTowards: z.optional(z.literal('base')),
  distillation: z.optional(distillationSchema),
});

/** A low-rank adapter beside frozen weights (METHOD, "Low-rank adapters"). */
const loraSchema = z.strictObject({
  kind: z.literal('lora'),
  /** Rank. */
  r: orElse(count(1, 1024), 8),
  /** The adapter's output is multiplied by α / r. */
  alpha: orElse(z.number().check(z.gt(0), z.lte(4096)), 16),
  /** Of what the adapter reads. */
  dropout: orElse(from(0, 0.9), 0),
  /** Maps that get one: `all-linear`, a map's short name (q k v o gate up down), or the end of a module's name, in which `*` is anything. */
  targets: orElse(z.array(modulePattern).check(z.minLength(1), z.maxLength(32)), ['all-linear']),
  /** α / √r instead of α / r. */
  rankStabilised: orElse(z.boolean(), false),
  /** Trained whole beside the adapter: needed where the vocabulary grew. */
  modulesToSave: orElse(z.array(z.enum(['embeddings', 'head'])).check(z.maxLength(2)), []),
  /** What the frozen maps of the blocks are kept in (QLoRA); absent: float32. */
  quantisation: z.optional(z.enum(['nf4', 'int8'])),
});

/** A part of the model's own weights; the others are frozen (METHOD, "A part of the weights"). */
const partialSchema = z.strictObject({
  kind: z.literal('partial'),
  /** Blocks that are trained: the last n, or all. */
  lastLayers: orElse(z.union([z.literal('all'), count(0, 1024)]), 2),
  finalNorm: orElse(z.boolean(), true),
  head: orElse(z.boolean(), false),
  /** Of tokens and positions. A tied head is the same table. */
  embeddings: orElse(z.boolean(), false),
  /** Modules anywhere that are trained too. */
  modules: orElse(z.array(modulePattern).check(z.maxLength(32)), []),
  /** Absent: all of them from the first step to the last. */
  unfreezing: z.optional(unfreezingSchema),
  /** Absent: each of them whole. */
  isolation: z.optional(isolationSchema),
});

/** Keys and values of virtual tokens, trained in every layer before those of the text (METHOD, "Soft prompts"). */
const prefixSchema = z.strictObject({
  kind: z.literal('prefix'),
  /** Virtual tokens, which take so many positions of the context. */
  tokens: orElse(count(1, 1024), 16),
  /** Drawn from N(0, 1), or 0. */
  init: orElse(z.enum(['random', 'zero']), 'random'),
});

/** Embeddings of virtual tokens, trained before those of the text. */
const promptSchema = z.strictObject({
  kind: z.literal('prompt'),
  tokens: orElse(count(1, 1024), 16),
  /** They begin as the embeddings of tokens drawn from the vocabulary, or are drawn from N(0, 1). */
  init: orElse(z.enum(['vocabulary', 'random']), 'vocabulary'),
  /** Present: they begin as the embeddings of this text's tokens, over and over or cut. */
  text: z.optional(z.string().check(z.minLength(1), z.maxLength(4000))),
});

/** Prompts that the top layers attend to, through a gate that begins at 0 (LLaMA-Adapter). */
const llamaAdapterSchema = z.strictObject({
  kind: z.literal('llama-adapter'),
  /** Of each layer's prompt. */
  tokens: orElse(count(1, 1024), 10),
  /** Layers that have one, from the top. */
  adapterLayers: orElse(count(1, 1024), 2),
});

/** Fewer weights than all. */
const methodSchema = z.discriminatedUnion('kind', [loraSchema, partialSchema, prefixSchema, promptSchema, llamaAdapterSchema]);

/** A running average of the weights beside them (METHOD, "Average of the weights"): a variant of each checkpoint, and the teacher `ema`. */
const averageSchema = z.strictObject({
  /** Of an update, ema ← decay · ema + (1 − decay) · θ. */
  decay: orElse(z.number().check(z.gte(0), z.lt(1)), 0.999),
  /** Finished steps at which it begins, as a copy of the weights. */
  start: orElse(count(0), 0),
  /** Steps from one update to the next. */
  every: orElse(count(1), 1),
});
/** How the shares move while a run goes on, by rule (METHOD, "Automation"). A fader that a hand moves leaves the rule until it is given back. */
const losses = z.enum(['train', 'held-out']);
const automationSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('stages'),
    /** To the next stage: the shares stay, or go there in a straight line. Before the first stage they are, or begin as, the channels' own. */
    between: orElse(z.enum(['hold', 'linear']), 'hold'),
    stages: z
      .array(
        z.strictObject({
          /** Finished steps. */
          step: count(1),
          /** Channel id → share, summing to 1; a channel that is not named has none. */
          shares: z.record(identifier, share),
        }),
      )
      .check(z.minLength(1), z.maxLength(32)),
  }),
  /** p ∝ the channel's own share · exp(its loss / T). */
  z.strictObject({ kind: z.literal('softmax'), temperature: orElse(from(0.01, 100), 1), losses: orElse(losses, 'train') }),
  /** Shares grow by exp(η · excess loss over the base's), and are smoothed towards even ones (DoReMi, arXiv 2305.10429). */
  z.strictObject({
    kind: z.literal('doremi'),
    rate: orElse(z.number().check(z.gt(0), z.lte(100)), 1),
    smoothing: orElse(z.number().check(z.gte(0), z.lt(1)), 1e-3),
    losses: orElse(losses, 'held-out'),
  }),
  /** Shares by how fast a power law says that each channel's train loss still falls (ADO, arXiv 2410.11820). */
  z.strictObject({ kind: z.literal('ado') }),
  /** The domain channels' share moves so that mean general retention stays at the line. */
  z.strictObject({
    kind: z.literal('hold-retention'),
    retention: orElse(z.number().check(z.gt(0), z.lte(1)), 0.95),
    /** Least and most of the domain's share. */
    least: orElse(share, 0.01),
    most: orElse(share, 0.9),
  }),
]);

/**
 * A run as rounds of clients that train apart and are averaged (METHOD, "Federated"). A step is a round: its micro-batches are dealt evenly to the clients that
 * take part, and each is an update of its client's own weights.
 */
const federatedSchema = z.strictObject({
  /** Every channel's text dealt to so many clients by a draw from Dir(α), the less alike the smaller α. Absent: each channel is a client. */
  split: z.optional(z.strictObject({ clients: count(2, 64), alpha: z.number().check(z.gte(0.01), z.lte(1000)) })),
  /** Part of the clients that is drawn for a round; at least one. */
  participation: orElse(z.number().check(z.gt(0), z.lte(1)), 1),
  /** μ of FedProx: clients minimise their loss + μ/2 · ‖θ − θ_round‖². Absent: FedAvg. */
  proximal: z.optional(z.number().check(z.gt(0), z.lte(1e6))),
  /** The server's step along the mean update, and its momentum (FedAvgM). */
  server: orElse(
    z.strictObject({ rate: orElse(z.number().check(z.gt(0), z.lte(100)), 1), momentum: orElse(z.number().check(z.gte(0), z.lt(1)), 0) }),
    { rate: 1, momentum: 0 },
  ),
  /**
   * The server is sent masked updates, of which it sees the sum alone (src/core/federated/secure.ts); each client of a round drops out before it sends with
   * this probability. Absent: it sees each update.
   */
  secure: z.optional(z.strictObject({ dropout: orElse(z.number().check(z.gte(0), z.lte(0.9)), 0) })),
  /** A client's update is cut to this norm, and noise · clip / clients of a round is the standard deviation of what is added to their mean. */
  privacy: z.optional(
    z.strictObject({
      clip: z.number().check(z.gt(0), z.lte(1e6)),
      noise: z.number().check(z.gte(0), z.lte(1000)),
      /** δ of the (ε, δ) that the desk shows. */
      delta: orElse(z.number().check(z.gt(0), z.lt(1)), 1e-5),
    }),
  ),
});

const rolesNeeded = {
  mixed: [],
  'general-then-domain': ['general', 'domain'],
  'domain-only': ['domain'],
  curriculum: ['general', 'domain'],
} as const;

export const recipeSchema = z
  .strictObject({
    version: z.literal(2),
    /** Preset id or a person's own name. */
    name: z.string().check(z.minLength(1), z.maxLength(120)),
    /** Model id: `nano` or an imported one. */
    base: identifier,
    /** Tokens of a row: the context that a prediction can see at most. */
    sequenceLength: count(8, 32768),
    channels: z.array(channelSchema).check(z.minLength(1), z.maxLength(16)),
    strategy: strategySchema,
    schedule: scheduleSchema,
    /** Absent: the shares are the recipe's and a hand's. */
    automation: z.optional(automationSchema),
    /** Absent: one model is trained on everything. */
    federated: z.optional(federatedSchema),
    /** One after the other; their steps sum to those of the budget. Absent: all steps are one phase. */
    phases: z.optional(z.array(phaseSchema).check(z.minLength(1), z.maxLength(16))),
    /** Rows of a micro-batch: what lies on the device at once. A step sees batchSize × gradientAccumulationSteps rows. */
    batchSize: count(1, 512),
    /** Micro-batches whose gradients are summed before the optimizer steps. */
    gradientAccumulationSteps: orElse(count(1, 1024), 1),
    optimizer: z.strictObject({
      beta1: orElse(z.number().check(z.gte(0), z.lt(1)), 0.9),
      beta2: orElse(z.number().check(z.gte(0), z.lt(1)), 0.95),
      epsilon: orElse(z.number().check(z.gt(0), z.lte(1)), 1e-8),
      weightDecay: orElse(from(0, 1), 0.1),
      /** Gradient clipping by global norm; 0 switches it off. */
      maxGradNorm: orElse(z.number().check(z.gte(0)), 1),
      /**
       * Factor of the learning rate from one layer to the one below: 1 for head and final norm, d for the top layer, d^L for the lowest of L,
       * d^(L+1) for the embeddings (a tied head with them). Absent: one rate for all.
       */
      layerDecay: z.optional(z.number().check(z.gt(0), z.lte(1))),
    }),
    dropout: orElse(from(0, 0.9), 0),
    /** Absent: no average is kept. */
    average: z.optional(averageSchema),
    /** Absent: nothing holds the weights. */
    regularisation: z.optional(regularisationSchema),
    /** Documents that share a row: one text, or apart (attention and positions stay in a document, and its last token predicts nothing). */
    packing: orElse(z.enum(['joined', 'separate']), 'joined'),
    budget: z.strictObject({ steps: count(1, 10_000_000) }),
    evaluation: z.strictObject({
      /** Held-out loss at step 0, every so many steps, and at the end. */
      everySteps: count(1),
      /** Held-out rows per channel: the same rows each time. */
      rowsPerChannel: count(1, 4096),
      /** Items of each ability group (grammar, commonsense, facts, logic) asked for the forgetting risk: the same each time; 0 is off. */
      probesPerGroup: orElse(count(0, 128), 0),
      /**
       * Held-out rows of each channel on which the attention of every layer is set against the base's: their KL divergence. Absent: not
       * measured.
       */
      attentionRows: z.optional(count(1, 16)),
      /**
       * Held-out documents of each channel of which an adversarial set is made against the base; its bits per byte are measured at each evaluation.
       * Absent: none is made.
       */
      adversarialDocuments: z.optional(count(1, 16)),
      /** Prompts that the model continues at each evaluation, from random numbers of their own. Absent: it writes nothing. */
      prompts: z.optional(
        z.strictObject({
          texts: z.array(z.string().check(z.minLength(1), z.maxLength(400))).check(z.minLength(1), z.maxLength(8)),
          /** Tokens written after each at most. */
          tokens: orElse(count(1, 256), 48),
          /** 0: always the likeliest token; else drawn by the run's seed, with the same numbers at each evaluation. */
          temperature: orElse(from(0, 2), 0),
        }),
      ),
    }),
    saving: z.strictObject({ everySteps: count(1), keep: orElse(count(1, 100), 3) }),
    logging: z.strictObject({ everySteps: count(1) }),
    stopping: z.strictObject({
      /** Stop when the mean held-out loss of the domain channels has not improved by `threshold` for `patience` evaluations. */
      early: z.nullable(z.strictObject({ patience: orElse(count(1), 3), threshold: orElse(z.number().check(z.gte(0)), 0.01) })),
      /** Stop when mean general retention (base ppl / present ppl) falls below this. */
      forgetting: z.nullable(z.strictObject({ retention: orElse(z.number().check(z.gt(0), z.lte(1)), 0.95) })),
    }),
    /** Layers are computed again in the backward pass instead of keeping their inner states: less memory, about a third more time. */
    activationCheckpointing: orElse(z.boolean(), false),
    /** What activations and the products' weights are stored as; f16 needs WebGPU. Master weights and moments are float32 always. */
    precision: orElse(z.enum(['f32', 'f16', 'bf16']), 'f32'),
    /** Absent: all weights are trained. */
    method: z.optional(methodSchema),
    seed: count(0, 0xffffffff),
    /** False marks a reference recipe that is shown and exported but too large for a browser (the 7B one). */
    runnable: orElse(z.boolean(), true),
  })
  .check((context) => {
    const recipe = context.value;
    const refuse = (path: string[], value: string | number, accepted: string) =>
      context.issues.push({
        code: 'custom',
        path,
        message: `is ${value}; accepted: ${accepted}`,
        params: { value, accepted },
        input: recipe,
      });
    const sum = recipe.channels.reduce((total, channel) => total + channel.share, 0);
    if (Math.abs(sum - 1) > 1e-6) refuse(['channels'], `Σ share = ${Number(sum.toFixed(6))}`, 'Σ share = 1');
    const weighed = recipe.channels.filter(({ weight }) => weight !== undefined);
    const unweighed = recipe.channels.find(({ weight }) => weight === undefined);
    const weights = weighed.reduce((total, { weight }) => total + weight!, 0);
    if (weighed.length > 0 && unweighed) refuse(['channels', unweighed.id, 'weight'], '—', 'weight ∀ channel | ∅');
    else if (weighed.length > 0 && Math.abs(weights - 1) > 1e-6)
      refuse(['channels', 'weight'], `Σ weight = ${Number(weights.toFixed(6))}`, 'Σ weight = 1');
    const ids = recipe.channels.map((channel) => channel.id);
    const twice = ids.find((id, at) => ids.indexOf(id) !== at);
    if (ids.includes('total')) refuse(['channels', 'id'], 'total', 'id ≠ total');
    if (twice !== undefined) refuse(['channels', 'id'], twice, 'id ≠ id');
    for (const { id, corpus, generated } of recipe.channels) {
      const own = generated && echoCorpusId(generated);
      if (own !== undefined && corpus !== own) refuse(['channels', id, 'corpus'], corpus, own);
    }
    for (const role of rolesNeeded[recipe.strategy.kind])
      if (!recipe.channels.some((channel) => channel.role === role)) refuse(['strategy', 'kind'], recipe.strategy.kind, `role "${role}"`);
    if (recipe.regularisation?.ewc && !recipe.channels.some(({ role }) => role === 'general'))
      refuse(['regularisation', 'ewc'], 'EWC', 'role "general"');
    const schedules = [
      { path: ['schedule', 'minRatio'], schedule: recipe.schedule },
      ...(recipe.phases ?? []).flatMap(({ schedule }, at) =>
        schedule ? [{ path: ['phases', String(at + 1), 'schedule', 'minRatio'], schedule }] : [],
      ),
    ];
    // Halved again and again, a rate never gets to 0.
    for (const { path, schedule } of schedules)
      if (schedule.kind === 'wsd' && schedule.decayShape === 'exponential' && schedule.minRatio === 0)
        refuse(path, 0, '> 0 (decayShape "exponential")');
    if (recipe.phases) checkPhases(recipe, recipe.phases, refuse);
    if (recipe.automation) checkAutomation(recipe, recipe.automation, refuse);
    if (recipe.federated) checkFederated(recipe, recipe.federated, refuse);
    checkObjectives(recipe, refuse);
    if (recipe.method && recipe.runnable && recipe.precision !== 'f32')
      refuse(['precision'], recipe.precision, `"f32" (method ${recipe.method.kind})`);
    // A and B have no θ₀ of their own; pulled to 0, as usual, they pull the weights to the base's.
    if (recipe.method?.kind === 'lora' && recipe.regularisation?.decayTowards)
      refuse(['regularisation', 'decayTowards'], recipe.regularisation.decayTowards, 'none (method lora)');
    const { distillation } = recipe.regularisation ?? {};
    if (distillation) {
      const { rows, states } = distillation;
      if (rows !== 'all' && !recipe.channels.some(({ role }) => role === rows))
        refuse(['regularisation', 'distillation', 'rows'], rows, `role "${rows}"`);
      const stages = states ? states.last + states.all + states.attention : 1;
      if (Math.abs(stages - 1) > 1e-6)
        refuse(['regularisation', 'distillation', 'states'], `Σ = ${Number(stages.toFixed(6))}`, 'last + all + attention = 1');
      if (recipe.runnable && recipe.precision !== 'f32') refuse(['precision'], recipe.precision, '"f32" (distillation)');
    }
    const { average } = recipe;
    // One that begins after the last step never does.
    if (average && average.start >= recipe.budget.steps)
      refuse(['average', 'start'], average.start, `0 … ${recipe.budget.steps - 1} (budget.steps)`);
    if (distillation?.teacher === EMA_TEACHER) {
      if (!average)
        refuse(['regularisation', 'distillation', 'teacher'], EMA_TEACHER, 'average { decay, start 0 } (the weights that teach)');
      // Before its start it has nothing to teach, and without a memory it is what is taught.
      else if (average.start > 0) refuse(['average', 'start'], average.start, '0 (teacher ema)');
      else if (average.decay === 0) refuse(['average', 'decay'], 0, '> 0 (teacher ema)');
    }
    // They learn no weight of the base, which all of these are about.
    const soft = recipe.method?.kind === 'prefix' || recipe.method?.kind === 'prompt' || recipe.method?.kind === 'llama-adapter';
    if (recipe.method && soft && recipe.regularisation)
      refuse(['regularisation'], Object.keys(recipe.regularisation).join(), `none (method ${recipe.method.kind})`);
    if (recipe.method?.kind === 'partial') {
      const { unfreezing, isolation } = recipe.method;
      const { steps } = recipe.budget;
      const role = isolation && isolationRole(isolation);
      if (role && !recipe.channels.some((channel) => channel.role === role))
        refuse(['method', 'isolation', 'by'], isolation.by, `role "${role}"`);
      if (isolation?.against !== undefined && isolation.by !== 'change')
        refuse(['method', 'isolation', 'against'], isolation.against, `none (by ${isolation.by})`);
      if (isolation?.against === recipe.base) refuse(['method', 'isolation', 'against'], recipe.base, 'a model other than the base');
      // What would join after the last step never does.
      if (unfreezing?.order === 'downwards' && unfreezing.every.unit === 'steps' && unfreezing.every.value >= steps)
        refuse(['method', 'unfreezing', 'every', 'value'], unfreezing.every.value, `1 … ${steps - 1} (budget.steps)`);
      const late = unfreezing?.order === 'named' && unfreezing.stages.find(({ step }) => step >= steps);
      if (late) refuse(['method', 'unfreezing', 'stages', 'step'], late.step, `1 … ${steps - 1} (budget.steps)`);
    }
    // bf16 is for recipes that go on to a cluster: WebGPU has no such format.
    if (recipe.runnable && recipe.precision === 'bf16') refuse(['precision'], recipe.precision, '"f32", "f16"');
  });

/** Whose text says what is isolated; null where no text does. */
export function isolationRole({ by, against }: { by: 'domain' | 'general' | 'change'; against?: string | undefined }): ChannelRole | null {
  if (by !== 'change') return by;
  return against === undefined ? 'domain' : null;
}

type Refuse = (path: string[], value: string | number, accepted: string) => void;

function checkPhases(
  recipe: { channels: readonly Channel[]; strategy: Strategy; budget: { steps: number } },
  phases: readonly Phase[],
  refuse: Refuse,
): void {
  const sum = phases.reduce((total, { steps }) => total + steps, 0);
  if (sum !== recipe.budget.steps) refuse(['budget', 'steps'], recipe.budget.steps, `Σ phases.steps = ${sum}`);
  const { kind } = recipe.strategy;
  if (kind === 'general-then-domain' || kind === 'curriculum') refuse(['strategy', 'kind'], kind, '"mixed", "domain-only" (phases)');
  const known = recipe.channels.map(({ id }) => id);
  phases.forEach(({ shares, order }, at) => {
    const path = ['phases', String(at + 1)];
    if (shares) {
      const stranger = Object.keys(shares).find((id) => !known.includes(id));
      const total = Object.values(shares).reduce((one, other) => one + other, 0);
      if (stranger !== undefined) refuse([...path, 'shares'], stranger, known.join(' | '));
      else if (Math.abs(total - 1) > 1e-6) refuse([...path, 'shares'], `Σ share = ${Number(total.toFixed(6))}`, 'Σ share = 1');
    }
    // Rarity is that of tokens in the general text.
    if (order === 'difficulty' && !recipe.channels.some(({ role }) => role === 'general'))
      refuse([...path, 'order'], order, 'role "general"');
  });
}

/** A rule moves the shares of a run whose plan leaves them to it, and needs channels to move. */
function checkAutomation(
  recipe: { channels: readonly Channel[]; strategy: Strategy; phases?: readonly Phase[] | undefined; budget: { steps: number } },
  automation: z.infer<typeof automationSchema>,
  refuse: Refuse,
): void {
  const { channels, strategy, phases, budget } = recipe;
  const { kind } = automation;
  if (strategy.kind !== 'mixed') refuse(['strategy', 'kind'], strategy.kind, `"mixed" (automation ${kind})`);
  const own = (phases ?? []).findIndex(({ shares }) => shares !== undefined);
  if (own >= 0) refuse(['phases', String(own + 1), 'shares'], JSON.stringify(phases![own]!.shares), `none (automation ${kind})`);
  if (channels.length < 2) refuse(['channels'], channels.length, `≥ 2 (automation ${kind})`);
  if (kind === 'hold-retention') {
    for (const role of ['general', 'domain'] as const)
      if (!channels.some((channel) => channel.role === role)) refuse(['automation', 'kind'], kind, `role "${role}"`);
    if (automation.least >= automation.most) refuse(['automation', 'least'], automation.least, `< ${automation.most}`);
  }
  if (kind !== 'stages') return;
  const known = channels.map(({ id }) => id);
  automation.stages.forEach(({ step, shares }, at) => {
    const path = ['automation', 'stages', String(at + 1)];
    const before = automation.stages[at - 1]?.step ?? 0;
    if (step <= before) refuse([...path, 'step'], step, `> ${before}`);
    else if (step >= budget.steps) refuse([...path, 'step'], step, `< ${budget.steps}`);
    const stranger = Object.keys(shares).find((id) => !known.includes(id));
    const total = Object.values(shares).reduce((one, other) => one + other, 0);
    if (stranger !== undefined) refuse([...path, 'shares'], stranger, known.join(' | '));
    else if (Math.abs(total - 1) > 1e-6) refuse([...path, 'shares'], `Σ share = ${Number(total.toFixed(6))}`, 'Σ share = 1');
  });
}

/** One head serves all channels of a kind, and what rows are sorted or dealt by are windows of a text. */
function checkObjectives(
  recipe: {
    channels: readonly Channel[];
    strategy: Strategy;
    precision: string;
    runnable: boolean;
    sequenceLength: number;
    phases?: readonly Phase[] | undefined;
    federated?: object | undefined;
  },
  refuse: Refuse,
): void {
  const { channels, strategy, precision, runnable, sequenceLength, phases, federated } = recipe;
  const own = channels.find(({ objective }) => objective !== undefined);
  if (!own) return;
  const { id } = own;
  const { kind } = own.objective!;
  if (federated) refuse(['channels', id, 'objective'], kind, 'none (federated)');
  if (runnable && precision !== 'f32') refuse(['precision'], precision, `"f32" (objective ${kind})`);
  if (strategy.kind === 'curriculum') refuse(['strategy', 'kind'], strategy.kind, `"mixed" (objective ${kind})`);
  const sorted = (phases ?? []).findIndex(({ order }) => order === 'difficulty');
  if (sorted >= 0) refuse(['phases', String(sorted + 1), 'order'], 'difficulty', `"shuffled" (objective ${kind})`);
  for (const { id, objective } of channels)
    if (objective && 'answerTokens' in objective && objective.answerTokens >= sequenceLength)
      refuse(['channels', id, 'objective', 'answerTokens'], objective.answerTokens, `1 … ${sequenceLength - 1}`);
  const outputs = new Map<string, number>();
  for (const channel of channels)
    for (const [head, count] of headsOf({ channels: [channel] })) {
      const before = outputs.get(head) ?? count;
      if (before !== count) refuse(['channels', channel.id, 'objective'], channel.objective!.kind, `${before} outputs of ${head}`);
      outputs.set(head, before);
    }
}

/** How many of so many clients take part in a round of a federated run. */
export const takingPart = (clients: number, participation: number): number => Math.max(1, Math.round(clients * participation));

/** What a round has no meaning for, or has too few updates for. */
function checkFederated(
  recipe: {
    channels: readonly Channel[];
    strategy: Strategy;
    precision: string;
    gradientAccumulationSteps: number;
    regularisation?: object | undefined;
    average?: object | undefined;
    method?: { kind: string } | undefined;
  },
  { split, participation, secure }: z.infer<typeof federatedSchema>,
  refuse: Refuse,
): void {
  const { channels, strategy, precision, gradientAccumulationSteps, regularisation, average, method } = recipe;
  if (strategy.kind !== 'mixed') refuse(['strategy', 'kind'], strategy.kind, '"mixed" (federated)');
  if (precision !== 'f32') refuse(['precision'], precision, '"f32" (federated)');
  if (regularisation) refuse(['regularisation'], Object.keys(regularisation).join(), 'none (federated)');
  if (average) refuse(['average'], Object.keys(average).join(), 'none (federated)');
  if (method && method.kind !== 'lora') refuse(['method', 'kind'], method.kind, '"lora", none (federated)');
  const weighed = channels.find(({ weight }) => weight !== undefined);
  if (weighed) refuse(['channels', weighed.id, 'weight'], weighed.weight!, 'none (federated)');
  const clients = split?.clients ?? channels.filter(({ share }) => share > 0).length;
  if (clients < 2) refuse(['channels'], clients, '≥ 2 channels with a share (federated)');
  const inRound = takingPart(clients, participation);
  if (secure && inRound < 2)
    refuse(['federated', 'participation'], participation, `≥ ${Math.ceil(150 / clients) / 100} (2 clients of a round, secure aggregation)`);
  if (gradientAccumulationSteps < inRound)
    refuse(['gradientAccumulationSteps'], gradientAccumulationSteps, `≥ ${inRound} (clients of a round)`);
}

/**
 * A recipe of version 1 in the fields of version 2 (`context` → `sequenceLength`, `batch.rows` → `batchSize`, `batch.accumulation` →
 * `gradientAccumulationSteps`); anything else as it is. Links, files and stored runs of version 1 are read through it; nothing is checked here.
 */
export function liftRecipe(json: unknown): unknown {
  if (json === null || typeof json !== 'object' || (json as { version?: unknown }).version !== 1) return json;
  const { context, batch, ...rest } = json as Record<string, unknown>;
  const { rows, accumulation, ...others } = (batch !== null && typeof batch === 'object' ? batch : {}) as Record<string, unknown>;
  const fields = { sequenceLength: context, batchSize: rows, gradientAccumulationSteps: accumulation };
  const known = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  // A field that version 1 did not know either stays, so that the check names it.
  return { ...rest, ...others, ...known, version: 2 };
}

export type Recipe = z.infer<typeof recipeSchema>;
export type RecipeInput = z.input<typeof recipeSchema>;
export type Echo = z.infer<typeof echoSchema>;
export type Channel = Recipe['channels'][number];
export type ChannelRole = Channel['role'];
export type { Objective, RewardRule } from './objective-schema';
export type SpecialTokens = NonNullable<Channel['specialTokens']>;
export type Distillation = z.infer<typeof distillationSchema>;
export type WeightAveraging = z.infer<typeof averageSchema>;
/** Texts that a run writes while it trains. */
export type EvaluationPrompts = NonNullable<Recipe['evaluation']['prompts']>;
export type Regularisation = NonNullable<Recipe['regularisation']>;
export type Schedule = Recipe['schedule'];
export type Phase = NonNullable<Recipe['phases']>[number];
export type Automation = NonNullable<Recipe['automation']>;
export type Method = NonNullable<Recipe['method']>;
export type LoraMethod = Extract<Method, { kind: 'lora' }>;
export type PartialMethod = Extract<Method, { kind: 'partial' }>;
/** What is learnt beside frozen weights as if it were text. */
export type SoftMethod = Extract<Method, { kind: 'prefix' | 'prompt' | 'llama-adapter' }>;
export type Unfreezing = NonNullable<PartialMethod['unfreezing']>;
export type Isolation = NonNullable<PartialMethod['isolation']>;
export type Strategy = Recipe['strategy'];
