/**
 * A pipeline: stages one after another, each a recipe of its own on the weights that the one before it left: continued pretraining, annealing, fine-tuning, preferences.
 * Every stage's run holds the channels of all stages, those that it does not read with a share of 0, so that the same held-out text is measured
 * after each.
 */
import * as z from 'zod/mini';
import { StudioError } from '../errors';
import { isSoft, unmergeable } from '../model/soft-prompt';
import { acceptedBy, describeValue, parseRecipe } from '../recipe/parse';
import type { Channel, Recipe } from '../recipe/schema';
import type { PipelinePlan } from './types';

/** Of a pipeline or a chain. */
export const MOST_STAGES = 12;

const pipelineSchema = z.strictObject({
  version: z.literal(1),
  /** The pipeline's own name. */
  name: z.string().check(z.minLength(1), z.maxLength(120)),
  stages: z
    .array(
      z.strictObject({
        name: z.string().check(z.minLength(1), z.maxLength(60)),
        /** What the stage is trained on and how. Of the first the base is the pipeline's; the others begin with what the one before left. */
        recipe: z.unknown(),
      }),
    )
    .check(z.minLength(1), z.maxLength(MOST_STAGES)),
});

/** A pipeline as a file has it. */
export interface Pipeline {
  name: string;
  plan: PipelinePlan;
}

function refuse(field: string, value: string, accepted: string): never {
  throw new StudioError('recipe-invalid', `Pipeline field ${field} is ${value}; accepted: ${accepted}`, { field, value, accepted });
}

/** @throws StudioError `recipe-invalid` with field, value and what is accepted */
export function parsePipeline(json: unknown): Pipeline {
  const parsed = pipelineSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path;
    const found = path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], json);
    return refuse(path.map(String).join('.') || 'pipeline', describeValue(found), acceptedBy(issue));
  }
  const { name, stages } = parsed.data;
  const plan: PipelinePlan = {
    kind: 'pipeline',
    stages: stages.map((stage, at) => ({ name: stage.name, recipe: recipeOfStage(stage.recipe, at) })),
  };
  checkPipeline(plan);
  return { name, plan };
}

function recipeOfStage(json: unknown, at: number): Recipe {
  try {
    return parseRecipe(json);
  } catch (error) {
    const { field, value, accepted } = (error as StudioError).values;
    return refuse(`stages.${at + 1}.recipe.${String(field)}`, String(value), String(accepted));
  }
}

export function pipelineFile({ name, plan }: Pipeline): string {
  return `${JSON.stringify({ version: 1, name, stages: plan.stages }, null, 2)}\n`;
}

/**
 * What all stages must have in common, so that what is measured after each compares.
 * @throws StudioError `recipe-invalid`, `model-unmergeable`
 */
export function checkPipeline({ stages }: PipelinePlan): void {
  const first = stages[0]!.recipe;
  stages.forEach(({ recipe }, at) => {
    const field = (name: string) => `stages.${at + 1}.recipe.${name}`;
    if (!recipe.runnable) refuse(field('runnable'), 'false', 'true');
    if (recipe.sequenceLength !== first.sequenceLength)
      refuse(field('sequenceLength'), String(recipe.sequenceLength), String(first.sequenceLength));
    const { rowsPerChannel } = first.evaluation;
    if (recipe.evaluation.rowsPerChannel !== rowsPerChannel)
      refuse(field('evaluation.rowsPerChannel'), String(recipe.evaluation.rowsPerChannel), String(rowsPerChannel));
    // The next stage begins with weights, of which it would be no part.
    if (isSoft(recipe.method) && at < stages.length - 1) throw unmergeable(recipe.method);
  });
  for (let stage = 0; stage < stages.length; stage++) pipelineStage({ kind: 'pipeline', stages }, stage, first.base);
}

/** What a channel is measured by, whatever its share. */
const measured = ({ corpus, role, objective, prefix, specialTokens }: Channel): string =>
  JSON.stringify([corpus, role, objective ?? null, prefix ?? null, specialTokens ?? null]);

/**
 * The recipe of a stage, with the channels of all stages in the order in which they first come.
 * @param stage from 0 @param base model id of the weights that it begins with @throws StudioError `recipe-invalid`
 */
export function pipelineStage({ stages }: PipelinePlan, stage: number, base: string): Recipe {
  const { recipe } = stages[stage]!;
  const own = new Map(recipe.channels.map((channel) => [channel.id, channel]));
  const weighed = recipe.channels.some(({ weight }) => weight !== undefined);
  const channels = new Map<string, Channel>();
  for (const [at, other] of stages.entries())
    for (const channel of other.recipe.channels) {
      const { weight: _, ...rest } = channel;
      const before = channels.get(channel.id);
      if (before && measured(before) !== measured(channel))
        refuse(`stages.${at + 1}.recipe.channels`, channel.id, `${channel.id} with the text and the objective of the stages before`);
      channels.set(channel.id, own.get(channel.id) ?? { ...rest, share: 0, ...(weighed ? { weight: 0 } : {}) });
    }
  return parseRecipe({ ...recipe, base, channels: [...channels.values()] });
}
