/**
 * The model of a run that begins or goes on: the base, what its method trains of it or beside it, and what the recipe holds it to (a base, its
 * Fisher information, a teacher).
 */
import { tensor } from '@tensorflow/tfjs-core';
import { StudioError } from '../../src/core/errors';
import { changedParameters, savedModules } from '../../src/core/model/adapter';
import { isolationMasks } from '../../src/core/model/isolation';
import { checkMethod, joinings, trainedParameters } from '../../src/core/model/trained';
import { comparesHidden, keepsBase, teacherFault, teacherKind } from '../../src/core/recipe/distillation';
import { addsToBase, unties } from '../../src/core/recipe/method';
import { headsOf, objectiveFault, referenceKind } from '../../src/core/recipe/objective';
import { isSoft } from '../../src/core/model/soft-prompt';
import type { Recipe, WeightAveraging } from '../../src/core/recipe/schema';
import type { RunRules } from '../../src/core/run/types';
import type { DeviceInfo } from '../../src/contract/device';
import { adversarialSample, adversarialTexts, type AdversarialSample } from '../runtime/adversarial';
import { attentionSample, type AttentionSample } from '../runtime/attention';
import type { LoadedCheckpoint } from '../storage/checkpoints';
import { sha256 } from '../storage/hash';
import { loadTokenizer } from '../tokenizer/open';
import type { TextTokenizer } from '../tokenizer/text-tokenizer';
import { hiddenMap, LowRankAdapter, ModelAverage, restoreHeads, SoftPrompt, type DecoderModel } from '../engine';
import { disposeParts, EngineModel, type RunParts } from '../runtime/engine-model';
import { checkScorer } from '../runtime/rollouts';
import { fisherUses, fisherValues, type FisherUse } from './fisher';
import type { LoopParts } from './loop';
import { modelWriter, promptTexts, type PromptTexts } from './prompt-texts';
import { probeSample, readProbes, type ProbeSample } from './run-evaluation';
import { assemble, openBase, openTrained } from '../runtime/weights';

export function refuse(field: string, value: string, accepted: string, why: string): never {
  throw new StudioError('recipe-invalid', `Recipe field ${field} is ${value}; accepted: ${accepted} (${why})`, { field, value, accepted });
}

/** A run's model on the device, with what stands beside it. */
export interface Trained {
  model: EngineModel;
  weightsHash: string;
  /** Files of Fisher information, by use. */
  fisher: ReadonlyMap<FisherUse, Uint8Array>;
  /** Parts of the model that join the training later. */
  joinings: LoopParts['joinings'];
  /** On these texts, from the base. */
  attentionOn: ((texts: readonly number[][]) => Promise<AttentionSample>) | null;
  /** On the adversarial set that the base makes of these texts. */
  adversarialOn: ((texts: readonly string[]) => Promise<AdversarialSample>) | null;
  /** What it writes at each evaluation; null where the recipe has no prompts. */
  texts: PromptTexts | null;
  tokenizerHash: string;
  tokenBytes: ArrayLike<number>;
  /** Token that a text starts after where it is measured. */
  startOfText: number;
  probes: { sample: ProbeSample; hash: string } | null;
}

/** @throws StudioError `recipe-invalid`, and those of reading model and tokenizer */
export async function loadModel(
  recipe: Recipe,
  rules: RunRules,
  checkpoint: Pick<LoadedCheckpoint, 'step' | 'model' | 'optimizer' | 'average'> | null,
  { backend }: Pick<DeviceInfo, 'backend'>,
  fisherOf: (use: FisherUse, model: DecoderModel) => Promise<Uint8Array>,
): Promise<Trained> {
  const { probesPerGroup } = recipe.evaluation;
  const probes = probesPerGroup > 0 ? await readProbes(probesPerGroup) : null;
  const { method } = recipe;
  const { model, tokenizer, hash } = await assemble(
    recipe.base,
    checkpoint && !addsToBase(method) ? { file: checkpoint.model, method } : null,
    method?.kind === 'lora' ? method.quantisation : undefined,
  );
  const parts: RunParts = {};
  try {
    if (model.softPrompt)
      refuse('base', recipe.base, 'model without a soft prompt', `what ${model.softPrompt.method.kind} learnt stands beside its weights`);
    if (method) checkMethod(model.config, method, recipe.sequenceLength, headsOf(recipe).size);
    const fault = objectiveFault(recipe, model.config.encoder !== undefined);
    if (fault) refuse(fault.field, fault.value, fault.accepted, `base "${recipe.base}"`);
    if (unties(method)) model.untie();
    if (method?.kind === 'partial') model.freezeAllBut(trainedParameters(model.config, method));
    if (method && isSoft(method)) {
      const text = method.kind === 'prompt' && method.text ? promptTokens(method.text, tokenizer.tokenizer) : [];
      model.attachPrompt(new SoftPrompt(model.config, method), { seed: recipe.seed, text });
      if (checkpoint) await model.softPrompt!.restore('model.safetensors', checkpoint.model);
    }
    for (const [head, outputs] of headsOf(recipe)) model.addHead(head, outputs, { seed: recipe.seed });
    if (checkpoint && addsToBase(method)) await restoreHeads(model, 'model.safetensors', checkpoint.model);
    const longest = model.context;
    if (recipe.sequenceLength > longest)
      refuse('sequenceLength', String(recipe.sequenceLength), `8 … ${longest}`, `the context of model "${recipe.base}"`);
    if (checkpoint) parts.stored = { optimizer: checkpoint.optimizer, steps: checkpoint.step };
    const fisher = new Map<FisherUse, Uint8Array>();
    for (const use of fisherUses(recipe)) fisher.set(use, await fisherOf(use, model));
    const isolation = fisher.get('isolation');
    if (isolation) parts.masks = masksOf(model, recipe, isolation);
    if (keepsBase(recipe)) parts.base = await baseOf(recipe, model, fisher.get('ewc') ?? null);
    if (method?.kind === 'lora') {
      model.attach(new LowRankAdapter(model.config, method, recipe.seed));
      if (checkpoint) await model.adapter!.restore('model.safetensors', checkpoint.model, model.parameters);
    }
    if (recipe.average) parts.average = await averageOf(recipe, recipe.average, model, checkpoint);
    parts.teacher = await teacherOf(recipe, model, tokenizer.hash);
    parts.scorers = await scorersOf(recipe, tokenizer.hash);
    parts.map = hiddenMapOf(recipe, model, parts.teacher);
    const engine = new EngineModel(model, recipe, backend !== 'webgpu', parts);
    const text = tokenizer.tokenizer;
    const startOfText = rules === 1 ? text.endOfText : text.startOfText;
    return {
      model: engine,
      weightsHash: hash,
      tokenizerHash: tokenizer.hash,
      fisher,
      joinings: joinings(model.config, recipe),
      attentionOn: recipe.evaluation.attentionRows === undefined ? null : (texts) => attentionFrom(recipe, model, texts),
      adversarialOn:
        recipe.evaluation.adversarialDocuments === undefined
          ? null
          : (texts) => adversarialFrom(recipe, engine, { startOfText, encode: (own) => text.encode(own) }, texts),
      texts: recipe.evaluation.prompts ? promptTexts(recipe.evaluation.prompts, recipe.seed, modelWriter(model, text)) : null,
      tokenBytes: text.byteLengths(),
      startOfText,
      // Questions are asked by what follows them, which an encoder does not tell.
      probes:
        !probes || model.config.encoder
          ? null
          : {
              sample: probeSample(probes, { startOfText, encode: (prompt) => text.encode(prompt) }, engine, rules),
              hash: await sha256(new TextEncoder().encode(JSON.stringify(probes))),
            },
    };
  } catch (error) {
    model.dispose();
    disposeParts(parts);
    throw error;
  }
}

/** With what a checkpoint kept of it; one that kept none is where it begins. @param model with all that stands beside its weights */
async function averageOf(
  { base, method }: Recipe,
  settings: WeightAveraging,
  model: DecoderModel,
  checkpoint: Pick<LoadedCheckpoint, 'step' | 'average'> | null,
): Promise<ModelAverage> {
  const twin = model.twin();
  const file = checkpoint?.average;
  try {
    if (file && (twin.adapter || twin.softPrompt)) await restoreHeads(twin, file.name, file);
    if (file && twin.adapter) await twin.adapter.restore(file.name, file, twin.parameters);
    else if (file && twin.softPrompt) await twin.softPrompt.restore(file.name, file);
    else if (file) {
      const stored = await openTrained(base, { file, method });
      for (const [name, parameter] of twin.parameters) if (parameter.trainable) parameter.assign(stored.parameters.get(name)!);
      stored.dispose();
    }
    return new ModelAverage(twin, model, settings, { steps: checkpoint?.step ?? 0, stored: file !== undefined });
  } catch (error) {
    twin.dispose();
    throw error;
  }
}

/** @throws StudioError `recipe-invalid` for a teacher that does not fit the model */
async function teacherOf(recipe: Recipe, { config }: DecoderModel, tokenizer: string): Promise<RunParts['teacher']> {
  const kind = teacherKind(recipe);
  if (kind === 'none') return undefined;
  if (kind === 'itself' || kind === 'average') return kind;
  if (kind === 'base') return recipe.method?.kind === 'lora' ? openBase(recipe.base) : kind;
  const distillation = recipe.regularisation!.distillation!;
  const name = distillation.teacher!;
  const field = 'regularisation.distillation.teacher';
  const { hash } = await loadTokenizer(name);
  if (hash !== tokenizer) refuse(field, name, `tokenizer ${tokenizer.slice(0, 12)}`, `its tokenizer is ${hash.slice(0, 12)}`);
  const teacher = await openBase(name);
  try {
    if (teacher.softPrompt) refuse(field, name, 'a model without a soft prompt', 'it begins with one');
    const fault = teacherFault(distillation, config, teacher.config);
    if (fault) refuse(field, name, `${fault.field} ${fault.accepted}`, `its ${fault.field} is ${fault.value}`);
    const { context } = teacher.config;
    if (recipe.sequenceLength > context)
      refuse('sequenceLength', String(recipe.sequenceLength), `8 … ${context}`, `the context of model "${name}"`);
    return teacher;
  } catch (error) {
    teacher.dispose();
    throw error;
  }
}

/** Reward models that objectives ask. @throws StudioError `recipe-invalid` */
async function scorersOf({ channels }: Recipe, tokenizer: string): Promise<Map<string, DecoderModel>> {
  const scorers = new Map<string, DecoderModel>();
  try {
    for (const { id, objective } of channels) {
      if (!objective || !('reward' in objective) || objective.reward.kind !== 'model' || scorers.has(objective.reward.model)) continue;
      const name = objective.reward.model;
      scorers.set(name, await openBase(name));
      checkScorer(`channels.${id}.objective.reward.model`, name, scorers.get(name)!, (await loadTokenizer(name)).hash === tokenizer);
    }
    return scorers;
  } catch (error) {
    for (const scorer of scorers.values()) scorer.dispose();
    throw error;
  }
}

/** Where hidden states are compared with those of a teacher of another width. */
function hiddenMapOf(recipe: Recipe, { config }: DecoderModel, teacher: RunParts['teacher']): RunParts['map'] {
  const { distillation } = recipe.regularisation ?? {};
  if (!distillation || !teacher || typeof teacher === 'string' || !comparesHidden(distillation)) return undefined;
  const { hidden } = teacher.config;
  return hidden === config.hidden ? undefined : hiddenMap(hidden, config.hidden, recipe.seed);
}

/** As transformers tokenises a text, with the tokens that the tokenizer puts around it. */
function promptTokens(text: string, tokenizer: TextTokenizer): number[] {
  const ids = tokenizer.encodeWhole(text);
  if (ids.length > 0) return ids;
  return refuse('method.text', JSON.stringify(text), 'text with at least one token', 'the tokenizer finds none in it');
}

/** A run that goes on is set against its base too, which is read for the maps alone. */
async function attentionFrom({ base }: Recipe, model: DecoderModel, texts: readonly number[][]): Promise<AttentionSample> {
  const start = await openBase(base);
  try {
    return await attentionSample(model, start, texts);
  } finally {
    start.dispose();
  }
}

/** The set is made against the base, also of a run that goes on: the base makes the same again. */
async function adversarialFrom(
  { base }: Recipe,
  model: EngineModel,
  tokens: Parameters<typeof adversarialSample>[1],
  texts: readonly string[],
): Promise<AdversarialSample> {
  const start = await openBase(base);
  try {
    const options = { exclusively: <T>(work: () => Promise<T>) => work(), between: () => Promise.resolve() };
    return adversarialSample(model, tokens, await adversarialTexts(start, tokens, texts, options));
  } finally {
    start.dispose();
  }
}

/** Which elements the recipe's parameter isolation trains; none for a parameter of which it trains nothing. */
function masksOf({ config }: DecoderModel, { method }: Recipe, fisher: Uint8Array): RunParts['masks'] {
  if (method?.kind !== 'partial' || !method.isolation) return undefined;
  const values = new Map(fisherValues(fisher).map((value) => [value.name, value]));
  const masks = [...isolationMasks(config, method.isolation, values)].filter(([, mask]) => mask.includes(1));
  return new Map(masks.map(([name, mask]) => [name, tensor(mask, values.get(name)!.shape)]));
}

/** Asks a base for gradients by the weights that an adapter changes; a quantised one has none, and is read once more, whole. */
export async function ofBase(recipe: Recipe, model: DecoderModel, ask: (base: DecoderModel) => Promise<Uint8Array>): Promise<Uint8Array> {
  const { method } = recipe;
  if (method?.kind !== 'lora') return ask(model);
  const base = method.quantisation ? await openBase(recipe.base) : model;
  try {
    base.freezeAllBut(changedParameters(base.config, method));
    return await ask(base);
  } finally {
    if (base !== model) base.dispose();
  }
}

/**
 * The base's weights θ₀, which a regularisation holds those of the run to; from the base's files also where the run goes on from a checkpoint. An
 * adapter's maps are held by what it adds to them, so that no copy of theirs is needed.
 * @param model before an adapter stands beside it
 */
async function baseOf(recipe: Recipe, model: DecoderModel, fisher: Uint8Array | null): Promise<RunParts['base']> {
  const values = fisher ? fisherValues(fisher) : [];
  const known = new Map(values.map(({ name, shape, data }) => [name, tensor(data, shape)]));
  if (recipe.method?.kind === 'lora') {
    const saved = savedModules(model.config, recipe.method);
    const anchor = new Map(saved.map((name) => [name, model.parameters.get(name)!.clone()]));
    return { anchor, model: referenceKind(recipe) === 'base' ? await openBase(recipe.base) : null, fisher: known };
  }
  const base = await openBase(recipe.base);
  if (unties(recipe.method)) base.untie();
  return { anchor: base.parameters, model: base, fisher: known };
}
