/**
 * Prompts as rows: the model that trains samples answers to them at the beginning of a step, which a rule or a reward model scores, and the step
 * learns from these (PPO, GRPO). Draws follow from the run's seed, the step and the row. Where several steps learn from the same answers, those
 * are part of the run's state, and the prompts that the steps in between draw are passed over.
 */
import { StudioError } from '../../src/core/errors';
import type { Objective as Settings, RewardRule } from '../../src/core/recipe/schema';
import { deriveSeed } from '../../src/core/rng/rng';
import { z } from '../../src/core/zod';
import { policy, sampleAnswers, withReference, type DecoderModel, type Objective, type Prepared, type StepPreparation } from '../engine';
import type { Split } from '../storage/corpora';
import type { TextTokenizer } from '../tokenizer/text-tokenizer';
import type { ChannelExamples, ExampleSource, SplitExamples } from './examples';
import { recordsOf, turnReader } from './pair-examples';
import type { TokenBatch } from './trainable-model';

type PolicySettings = Extract<Settings, { kind: 'ppo' | 'grpo' }>;
type Writer = Pick<TextTokenizer, 'decode' | 'size' | 'endOfText'>;

const numbers = z.array(z.number());
/** An answer with all that is known of it when it is sampled; vectors are by its tokens. */
const rolloutSchema = z.strictObject({
  /** Prompt and answer. */
  ids: numbers,
  prompt: z.number(),
  old: numbers,
  reference: numbers,
  advantages: numbers,
  /** Of PPO. */
  values: z.exactOptional(numbers),
  returns: z.exactOptional(numbers),
});
type Rollout = z.infer<typeof rolloutSchema>;
const stateSchema = z.strictObject({
  klWeight: z.number(),
  /** Groups of one prompt, and the step that they were sampled in. */
  sampled: z.nullable(z.strictObject({ step: z.number(), groups: z.array(z.array(rolloutSchema)) })),
});

/** @throws StudioError `recipe-invalid` where the channel's rows have no prompts */
export async function promptExamples(source: ExampleSource, settings: PolicySettings): Promise<SplitExamples> {
  const { recipe, channel, tokenizer } = source;
  const turns = await turnReader(source);
  const read = async (split: Split): Promise<number[][]> => {
    const records = await recordsOf(source, ['prompts', 'preferences'], split);
    return records.flatMap(({ prompt }) => {
      const ids = turns.prompt(prompt);
      return ids && ids.length > 0 && ids.length + settings.answerTokens <= recipe.sequenceLength ? [ids] : [];
    });
  };
  const of = { settings, tokenizer, channel: recipe.channels[channel]!.id };
  return { train: new Rollouts(await read('train'), of), heldOut: new Rollouts(await read('heldOut'), { ...of, measured: true }) };
}

interface RolloutOptions {
  settings: PolicySettings;
  tokenizer: Writer;
  /** Its id, so that channels draw apart. */
  channel: string;
  /** Held out: one answer to each prompt, of which the reward is measured. */
  measured?: boolean;
}

/** What a micro-batch waits for. */
interface Slot {
  examples: readonly number[];
  rows: policy.PolicyRows | null;
  rewards: readonly number[];
  said: policy.Said;
}

export class Rollouts implements ChannelExamples, StepPreparation {
  readonly rowsEach: number;
  private readonly slots = new WeakMap<Objective, Slot>();
  private kept: z.infer<typeof stateSchema>;

  constructor(
    private readonly prompts: readonly (readonly number[])[],
    private readonly options: RolloutOptions,
  ) {
    const { settings, measured } = options;
    this.rowsEach = settings.kind === 'grpo' && !measured ? settings.generations : 1;
    this.kept = { klWeight: settings.kind === 'ppo' ? settings.klWeight : 0, sampled: null };
  }

  get count(): number {
    return this.prompts.length;
  }

  /** Prompts are written with their answers. */
  fill(): void {}

  bytes(): number {
    return 0;
  }

  objective(examples: readonly number[]): Objective {
    const slot: Slot = { examples, rows: null, rewards: [], said: {} };
    const losses = this.options.measured
      ? policy.heldOutObjective(() => slot)
      : policy.policyObjective(() => ({ rows: slot.rows!, said: slot.said }));
    const objective: Objective = { ...losses, together: this };
    this.slots.set(objective, slot);
    return objective;
  }

  state(): unknown {
    return { ...this.kept, ...(this.options.settings.updates > 1 ? {} : { sampled: null }) };
  }

  restore(state: unknown): void {
    this.kept = stateSchema.parse(state);
  }

  async prepare(batches: readonly TokenBatch[], by: Prepared): Promise<void> {
    const { settings, measured } = this.options;
    const slots = batches.map(({ objective }) => this.slots.get(objective!)!);
    const examples = slots.flatMap((slot) => slot.examples);
    const { sampled } = this.kept;
    const step = by.step ?? 0;
    const again = !measured && sampled !== null && step >= sampled.step && step < sampled.step + settings.updates;
    for (const slot of slots) slot.said = {};
    const groups = again ? rotated(sampled.groups, examples.length, step - sampled.step) : await this.sample(examples, by, slots, batches);
    if (!again && !measured) this.kept.sampled = { step, groups };
    if (again) this.write(groups, slots, batches);
    if (!measured) this.learn(groups, slots, batches);
  }

  /** Answers to the prompts, written into the batches, with rewards and advantages. @returns groups of one prompt */
  private async sample(
    examples: readonly number[],
    by: Prepared,
    slots: readonly Slot[],
    batches: readonly TokenBatch[],
  ): Promise<Rollout[][]> {
    const { settings, tokenizer, channel, measured } = this.options;
    const { model } = by;
    const { temperature } = settings;
    const prompts = examples.flatMap((index) => Array.from({ length: this.rowsEach }, () => this.prompts[index]!));
    const stop = new Set([tokenizer.endOfText, ...model.config.endOfText]);
    // What is held out is drawn alike, however its prompts fall into batches.
    const place = (row: number) => (measured ? examples[row]! : row);
    const answers = await sampleAnswers(model, prompts, {
      temperature,
      maxTokens: settings.answerTokens,
      stop,
      vocabulary: tokenizer.size,
      seed: (row) => deriveSeed(by.seed, 'answer', channel, place(row)),
    });
    const rollouts = answers.map(({ ids, logps }, row): Rollout => ({
      ids: [...prompts[row]!, ...ids],
      prompt: prompts[row]!.length,
      old: logps,
      reference: [],
      advantages: [],
    }));
    const groups = rollouts.flatMap((_, row) => (row % this.rowsEach === 0 ? [rollouts.slice(row, row + this.rowsEach)] : []));
    this.write(groups, slots, batches);
    const wordsOf = (ids: readonly number[]) => tokenizer.decode(ids.filter((id) => !stop.has(id)));
    const rewards: number[] = [];
    let at = 0;
    for (const [micro, batch] of batches.entries()) {
      const rows = rollouts.slice(at, at + batch.rows);
      const reference = await withReference(by, (of) => policy.targetLogps(of, batch, temperature));
      const values = settings.kind === 'ppo' && !measured ? await policy.headOutputs(model, 'value.weight', batch) : null;
      const scores = await rewardsOf(settings.reward, batch, rows, wordsOf, by.scorers);
      rows.forEach((rollout, row) => {
        const from = row * batch.context + rollout.prompt - 1;
        const own = (vector: Float32Array) => Array.from(vector.subarray(from, from + rollout.old.length));
        rollout.reference = own(reference);
        if (values) rollout.values = own(values);
      });
      rewards.push(...scores);
      const sampledRows = answers.slice(at, at + batch.rows);
      const slot = slots[micro]!;
      slot.rewards = scores;
      slot.said = saidOf(rows, scores, sampledRows);
      if (settings.kind === 'ppo' && settings.klTarget !== undefined && !measured)
        slot.said['klWeight'] = { sum: this.kept.klWeight * rows.length, count: rows.length };
      at += batch.rows;
    }
    if (!measured) this.judge(rollouts, rewards);
    return groups;
  }

  /** Advantages of freshly sampled answers, and the weight of the KL for the next. */
  private judge(rollouts: readonly Rollout[], rewards: readonly number[]): void {
    const { settings } = this.options;
    if (settings.kind === 'grpo') {
      const advantages = policy.groupAdvantages(rewards, settings.generations, settings.scale);
      rollouts.forEach((rollout, row) => (rollout.advantages = rollout.old.map(() => advantages[row]!)));
      return;
    }
    const context = settings.answerTokens;
    const joined = (vectorOf: (rollout: Rollout) => readonly number[]) => {
      const all = new Float32Array(rollouts.length * context);
      rollouts.forEach((rollout, row) => all.set(vectorOf(rollout), row * context));
      return all;
    };
    const answers = { rows: rollouts.length, context, mask: Uint8Array.from(joined(({ old }) => old.map(() => 1))) };
    const tokens = policy.tokenRewards(
      answers,
      joined(({ old }) => old),
      joined(({ reference }) => reference),
      rewards,
      this.kept.klWeight,
    );
    const { advantages, returns } = policy.advantagesOf(
      answers,
      tokens,
      joined(({ values }) => values!),
      settings,
    );
    rollouts.forEach((rollout, row) => {
      const own = (vector: Float32Array) => Array.from(vector.subarray(row * context, row * context + rollout.old.length));
      rollout.advantages = own(advantages);
      rollout.returns = own(returns);
    });
    if (settings.klTarget === undefined) return;
    const kl = rollouts.reduce((sum, rollout) => sum + klOf(rollout), 0) / rollouts.length;
    const rule = { target: settings.klTarget, horizon: settings.klHorizon };
    this.kept.klWeight = policy.adaptedKl(this.kept.klWeight, kl, rollouts.length, rule);
  }

  /** Prompts and answers into the batches: a target at the place before each token of an answer; of a held-out one at the last alone. */
  private write(groups: readonly Rollout[][], slots: readonly Slot[], batches: readonly TokenBatch[]): void {
    const rollouts = groups.flat();
    let at = 0;
    batches.forEach((batch, micro) => {
      batch.ids.fill(0);
      batch.targets.fill(-1);
      for (let row = 0; row < batch.rows; row++) {
        const { ids, prompt } = rollouts[at + row]!;
        batch.ids.set(ids, row * batch.context);
        for (let token = prompt; token < ids.length; token++) batch.targets[row * batch.context + token - 1] = ids[token]!;
      }
      slots[micro]!.rows = null;
      at += batch.rows;
    });
  }

  private learn(groups: readonly Rollout[][], slots: readonly Slot[], batches: readonly TokenBatch[]): void {
    const { settings } = this.options;
    const rollouts = groups.flat();
    const longest = settings.answerTokens;
    const mean = settings.kind === 'grpo' ? settings.loss : 'dapo';
    const tokens = rollouts.reduce((sum, { old }) => sum + old.length, 0);
    let at = 0;
    batches.forEach((batch, micro) => {
      const rows = rollouts.slice(at, at + batch.rows);
      at += batch.rows;
      const spread = (vectorOf: (rollout: Rollout) => readonly number[]) => {
        const all = new Float32Array(batch.rows * batch.context);
        rows.forEach((rollout, row) => all.set(vectorOf(rollout), row * batch.context + rollout.prompt - 1));
        return all;
      };
      const reference = spread((one) => one.reference);
      slots[micro]!.rows = {
        temperature: settings.temperature,
        old: spread(({ old }) => old),
        advantages: spread(({ advantages }) => advantages),
        scales: spread(({ old }) => {
          const share = policy.lossScale(mean, { answers: rollouts.length, tokens, own: old.length, longest });
          return old.map(() => share);
        }),
        ...(settings.kind === 'grpo'
          ? {
              clip: { low: settings.clipLow, high: settings.clipHigh },
              held: settings.beta > 0 ? { beta: settings.beta, reference } : undefined,
            }
          : {
              clip: { low: settings.clip, high: settings.clip },
              values: {
                weight: settings.valueWeight,
                clip: settings.valueClip,
                old: spread(({ values }) => values!),
                returns: spread(({ returns }) => returns!),
              },
            }),
      };
    });
  }
}

/** So many of the groups, beginning further on at each use of them. */
const rotated = <T>(groups: readonly T[], count: number, use: number): T[] =>
  Array.from({ length: count }, (_, at) => groups[(use * count + at) % groups.length]!);

/** Σ over an answer's tokens of log p − log p_ref. */
const klOf = ({ old, reference }: Rollout): number => old.reduce((sum, logp, at) => sum + logp - reference[at]!, 0);

function saidOf(rows: readonly Rollout[], rewards: readonly number[], answers: readonly { entropies: number[] }[]): policy.Said {
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  const tokens = total(rows.map(({ old }) => old.length));
  return {
    reward: { sum: total(rewards), count: rows.length },
    kl: { sum: total(rows.map(klOf)), count: rows.length },
    length: { sum: tokens, count: rows.length },
    entropy: { sum: total(answers.map(({ entropies }) => total(entropies))), count: tokens },
  };
}

/** Score of each row's answer. */
async function rewardsOf(
  rule: RewardRule,
  batch: TokenBatch,
  rows: readonly Rollout[],
  wordsOf: (ids: readonly number[]) => string,
  scorers: ReadonlyMap<string, DecoderModel>,
): Promise<number[]> {
  if (rule.kind !== 'model') return rows.map(({ ids, prompt }) => ruleReward(rule, wordsOf(ids.slice(prompt)), ids.length - prompt));
  const places = rows.map(({ ids }, row) => row * batch.context + ids.length - 1);
  return Array.from(await policy.headOutputs(scorers.get(rule.model)!, 'score.weight', batch, places));
}

/** @param text of the answer, of so many tokens with the one that ended it */
export function ruleReward(rule: Exclude<RewardRule, { kind: 'model' }>, text: string, tokens: number): number {
  switch (rule.kind) {
    case 'length':
      return 1 - Math.abs(tokens - rule.tokens) / rule.tokens;
    case 'keyword':
      return Math.min(rule.most, text.split(rule.word).length - 1);
    case 'regex':
      return Number(new RegExp(rule.pattern, 'u').test(text));
  }
}

/** @throws StudioError `recipe-invalid` where a model that rewards has no score or another tokenizer */
export function checkScorer(field: string, name: string, model: DecoderModel, sameTokenizer: boolean): void {
  const has = model.parameters.get('score.weight')?.shape[0] === 1;
  if (has && sameTokenizer) return;
  const accepted = has ? "a reward model with the base's tokenizer" : 'a reward model: with a head score.weight of one output';
  throw new StudioError('recipe-invalid', `Recipe field ${field} is ${name}; accepted: ${accepted}`, { field, value: name, accepted });
}
