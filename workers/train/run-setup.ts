/** From a recipe, or from a stored run, to a loop that is ready to train. Nothing is written before all checks have passed. */
import { tensor } from '@tensorflow/tfjs-core';
import { StudioError } from '../../src/core/errors';
import { effectiveShares } from '../../src/core/mixture/mixture';
import { isolationMasks } from '../../src/core/model/isolation';
import { checkMethod, joinings, trainedParameters } from '../../src/core/model/trained';
import { addsToBase, unties } from '../../src/core/recipe/method';
import { parseRecipe } from '../../src/core/recipe/parse';
import type { Recipe, Schedule } from '../../src/core/recipe/schema';
import { restoreFeed, type RunMessage } from '../../src/core/run/feed';
import { settingsAt } from '../../src/core/run/live-changes';
import { withFirstWarmup } from '../../src/core/schedule/schedule';
import type { LiveSettings, RunRecord, RunRules } from '../../src/core/run/types';
import type { DeviceInfo } from '../../src/contract/device';
import type { OnProgress } from '../../src/contract/progress';
import { attentionSample, attentionTexts, type AttentionSample } from '../runtime/attention';
import { buildHeldOutSet } from '../runtime/held-out';
import { lastCheckpoint, listCheckpoints, loadCheckpoint, removeCheckpointsAfter, type LoadedCheckpoint } from '../storage/checkpoints';
import { sha256 } from '../storage/hash';
import { lockRun, type RunLock } from '../storage/locks';
import { readMetrics, truncateMetrics, createRun, readRun, removeRun, updateRun } from '../storage/runs';
import { loadTokenizer } from '../tokenizer/open';
import { readChannelTokens, type ChannelTokens } from '../runtime/channel-tokens';
import { writeMissingEchoes, type EchoTools } from '../runtime/echo';
import type { Clock, EngineLock } from '../runtime/turns';
import { checkPrecision, LowRankAdapter, type DecoderModel } from '../engine';
import { disposeParts, EngineModel, type RunParts } from '../runtime/engine-model';
import type { EngineWork } from '../runtime/engine-session';
import { evaluationCache } from './evaluation-cache';
import {
  computeFisher,
  fisherDemands,
  fisherRows,
  fisherValues,
  readFisher,
  storeFisher,
  type FisherDemand,
  type FisherUse,
} from './fisher';
import { TrainingLoop, type LoopParts } from './loop';
import { probeSample, readProbes, type ProbeSample } from './run-evaluation';
import { browserStorage } from './metric-logger';
import { parseRunState, type RunState } from '../runtime/run-state';
import { rowOrders } from '../runtime/channel-stream';
import { BatchSampler } from './sampler';
import { assemble, openBase } from '../runtime/weights';

export interface Studio {
  device: DeviceInfo;
  lock: EngineLock;
  clock: Clock;
  listener: (message: RunMessage) => void;
  /** What can be cancelled before the run begins. */
  work: EngineWork;
}

/** Rules of a run that begins. */
const RULES: RunRules = 2;

export interface ReadyRun {
  id: string;
  loop: TrainingLoop;
  lock: RunLock;
}

/** @throws StudioError `recipe-invalid`, `precision-unsupported`, `channel-empty`, and those of reading model and corpora */
export async function startRun(recipe: Recipe, name: string, onProgress: OnProgress, studio: Studio): Promise<ReadyRun> {
  const checked = checkRunnable(parseRecipe(recipe));
  checkPrecision(checked.precision, studio.device.backend);
  await writeMissingEchoes(checked, echoTools(studio, onProgress));
  const texts = await readTexts(checked, RULES, onProgress);
  const sampler = samplerOf(checked, texts, RULES);
  checkChannels(checked, sampler, settingsAt(checked, [], 0));
  onProgress({ phase: 'load', item: checked.base, done: 0, total: 1 });
  // Rows first: a channel that has none to give is refused before anything is loaded.
  const demands = Object.entries(fisherDemands(checked)) as [FisherUse, FisherDemand][];
  const rowsOf = new Map(demands.map(([use, demand]) => [use, { rows: fisherRows(checked, texts, demand), labels: demand.labels }]));
  const fisher = (use: FisherUse, model: DecoderModel) => computeFisher(model, checked, rowsOf.get(use)!, studio.work, onProgress);
  const trained = await loadModel(checked, RULES, null, studio, fisher);
  try {
    const trainTokens = Object.fromEntries(texts.map(({ id, train }) => [id, train.length]));
    const record = await createRun({ recipe: checked, name, device: deviceName(studio.device), trainTokens, rules: RULES });
    await keepFisher(record.id, trained.fisher);
    const lock = await lockRun(record.id);
    onProgress({ phase: 'load', item: checked.base, done: 1, total: 1 });
    const history = { rows: [], evaluations: [], events: [] };
    const loop = await assembleLoop({ record, texts, sampler, trained, resumed: false, state: null, history, checkpoints: [] }, studio);
    return { id: record.id, loop, lock };
  } catch (error) {
    trained.model.dispose();
    throw error;
  }
}

/**
 * From the newest whole checkpoint, or from the base when there is none. What was logged after it is computed again.
 * @throws StudioError `run-locked`, `run-missing`, `checkpoint-corrupt`, and those of reading model and corpora
 */
export async function resumeRun(id: string, onProgress: OnProgress, studio: Studio): Promise<ReadyRun> {
  return goOn(id, async () => ({ record: await readRun(id), checkpoint: await lastCheckpoint(id) }), onProgress, studio);
}

/**
 * A run that has ended, with more steps, from one of its checkpoints. All that depends on the number of steps (schedule, warmup as a ratio, phases of
 * the mixture) is from there on as in a run that was asked for so many at its start.
 * @throws StudioError `recipe-invalid`, `checkpoint-missing`, and those of `resumeRun`
 */
export async function extendRun(
  id: string,
  { steps, from }: { steps: number; from: number },
  onProgress: OnProgress,
  studio: Studio,
): Promise<ReadyRun> {
  const read = async (): Promise<GoingOn> => {
    const stored = await readRun(id);
    const { recipe } = stored;
    if (!(steps > from)) refuse('budget.steps', String(steps), `> ${from}`, 'steps that the run has made');
    parseRecipe({ ...recipe, budget: { ...recipe.budget, steps } });
    const record: RunRecord = { ...stored, recipe: { ...recipe, budget: { ...recipe.budget, steps } } };
    return { record, checkpoint: await loadCheckpoint(id, from), extendedFrom: recipe.budget.steps };
  };
  return goOn(id, read, onProgress, studio);
}

const echoTools = ({ work, device }: Studio, onProgress: OnProgress): EchoTools => ({ work, backend: device.backend, onProgress });

/** A run that has no room for its Fisher information has not begun. */
async function keepFisher(run: string, fisher: Trained['fisher']): Promise<void> {
  try {
    for (const [use, values] of fisher) await storeFisher(run, use, values);
  } catch (error) {
    await removeRun(run);
    throw error;
  }
}

interface GoingOn {
  record: RunRecord;
  checkpoint: LoadedCheckpoint | null;
  /** All steps that the run had, where it is given more. */
  extendedFrom?: number;
}

async function goOn(id: string, read: () => Promise<GoingOn>, onProgress: OnProgress, studio: Studio): Promise<ReadyRun> {
  const lock = await lockRun(id);
  try {
    const { record: stored, checkpoint, extendedFrom } = await read();
    const record = asBegun(stored);
    const { recipe, rules = 1 } = record;
    checkPrecision(recipe.precision, studio.device.backend);
    await writeMissingEchoes(recipe, echoTools(studio, onProgress));
    const texts = await readTexts(recipe, rules, onProgress);
    onProgress({ phase: 'load', item: recipe.base, done: 0, total: 1 });
    const state = checkpoint ? parseRunState(id, checkpoint.step, checkpoint.state) : null;
    const sampler = samplerOf(recipe, texts, rules, state);
    checkChannels(recipe, sampler, settingsAt(recipe, record.changes, state?.step ?? 0));
    const trained = await loadModel(recipe, rules, checkpoint, studio, (use) => readFisher(id, use));
    // From here on it is a longer run, of which a part has been made.
    if (extendedFrom !== undefined) await updateRun(id, { recipe: stored.recipe, state: 'interrupted', stopReason: null, error: null });
    await removeCheckpointsAfter(id, state?.step ?? -1);
    await truncateMetrics(id, state?.step ?? 0);
    const history = await readMetrics(id);
    // Without a checkpoint the run starts afresh: of its history only the base's evaluation still holds.
    if (!state) history.rows = [];
    const fresh: RunRecord = { ...record, state: 'preparing', stopReason: null, error: null, device: deviceName(studio.device) };
    onProgress({ phase: 'load', item: recipe.base, done: 1, total: 1 });
    const checkpoints = await listCheckpoints(id);
    const loop = await assembleLoop(
      { record: fresh, texts, sampler, trained, resumed: true, extendedFrom, state, history, checkpoints },
      studio,
    );
    return { id, loop, lock };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** A run of the first rules keeps the warmup that it began with, also in the changes of its schedule. */
function asBegun(record: RunRecord): RunRecord {
  if (record.rules !== undefined && record.rules > 1) return record;
  const { recipe, changes } = record;
  const first = (schedule: Schedule) => withFirstWarmup(schedule, recipe.budget.steps);
  return {
    ...record,
    recipe: { ...recipe, schedule: first(recipe.schedule) },
    changes: changes.map(({ settings, ...change }) => ({
      ...change,
      settings: settings.schedule ? { ...settings, schedule: first(settings.schedule) } : settings,
    })),
  };
}

function checkRunnable(recipe: Recipe): Recipe {
  if (!recipe.runnable) refuse('runnable', 'false', 'true', 'it is a reference, too large for a browser');
  return recipe;
}

function refuse(field: string, value: string, accepted: string, why: string): never {
  throw new StudioError('recipe-invalid', `Recipe field ${field} is ${value}; accepted: ${accepted} (${why})`, { field, value, accepted });
}

/** A run of the first rules took special tokens that are written out in its text for tokens. */
async function readTexts(recipe: Recipe, rules: RunRules, onProgress: OnProgress): Promise<ChannelTokens[]> {
  const { hash } = await loadTokenizer(recipe.base);
  const channels = rules === 1 ? recipe.channels.map((channel) => ({ ...channel, specialTokens: 'tokens' as const })) : recipe.channels;
  return readChannelTokens(recipe.base, hash, channels, onProgress);
}

function samplerOf(recipe: Recipe, texts: readonly ChannelTokens[], rules: RunRules, state: RunState | null = null): BatchSampler {
  const orders = rowOrders(recipe, texts, rules);
  const channels = texts.map(({ id, train, trainDocuments }) => ({
    id,
    tokens: train,
    curriculum: orders[id] ?? null,
    apart: recipe.packing === 'separate' ? trainDocuments : undefined,
  }));
  return new BatchSampler({ channels, context: recipe.sequenceLength, seed: recipe.seed, rules }, state?.sampler);
}

/** Every channel that the strategy draws from, now or in its last phase, must have a row to give. */
function checkChannels(recipe: Recipe, sampler: BatchSampler, { shares }: LiveSettings): void {
  for (const step of [0, recipe.budget.steps - 1]) sampler.check(effectiveShares(recipe, shares, step));
}

interface Trained {
  model: EngineModel;
  weightsHash: string;
  /** Files of Fisher information, by use. */
  fisher: ReadonlyMap<FisherUse, Uint8Array>;
  /** Parts of the model that join the training later. */
  joinings: LoopParts['joinings'];
  /** On these texts, from the base. */
  attentionOn: ((texts: readonly number[][]) => Promise<AttentionSample>) | null;
  tokenizerHash: string;
  tokenBytes: ArrayLike<number>;
  /** Token that a text starts after where it is measured. */
  startOfText: number;
  probes: { sample: ProbeSample; hash: string } | null;
}

async function loadModel(
  recipe: Recipe,
  rules: RunRules,
  checkpoint: { step: number; model: Blob; optimizer: Uint8Array } | null,
  { device }: Studio,
  fisherOf: (use: FisherUse, model: DecoderModel) => Promise<Uint8Array>,
): Promise<Trained> {
  const { probesPerGroup } = recipe.evaluation;
  const probes = probesPerGroup > 0 ? await readProbes(probesPerGroup) : null;
  const { method } = recipe;
  const { model, tokenizer, hash } = await assemble(
    recipe.base,
    checkpoint && !addsToBase(method) ? { file: checkpoint.model, method } : null,
  );
  const parts: RunParts = {};
  try {
    if (method) {
      checkMethod(model.config, method);
      if (unties(method)) model.untie();
      if (method.kind === 'partial') model.freezeAllBut(trainedParameters(model.config, method));
      else {
        model.attach(new LowRankAdapter(model.config, method, recipe.seed));
        if (checkpoint) await model.adapter!.restore('model.safetensors', checkpoint.model, model.parameters);
      }
    }
    const longest = model.config.context;
    if (recipe.sequenceLength > longest)
      refuse('sequenceLength', String(recipe.sequenceLength), `8 … ${longest}`, `the context of model "${recipe.base}"`);
    if (checkpoint) parts.stored = { optimizer: checkpoint.optimizer, steps: checkpoint.step };
    const fisher = new Map<FisherUse, Uint8Array>();
    for (const use of Object.keys(fisherDemands(recipe)) as FisherUse[]) fisher.set(use, await fisherOf(use, model));
    const isolation = fisher.get('isolation');
    if (isolation) parts.masks = masksOf(model, recipe, isolation);
    if (recipe.regularisation) parts.base = await baseOf(recipe, fisher.get('ewc') ?? null);
    const engine = new EngineModel(model, recipe, device.backend !== 'webgpu', parts);
    const text = tokenizer.tokenizer;
    const startOfText = rules === 1 ? text.endOfText : text.startOfText;
    return {
      model: engine,
      weightsHash: hash,
      tokenizerHash: tokenizer.hash,
      fisher,
      joinings: joinings(model.config, recipe),
      attentionOn: recipe.evaluation.attentionRows === undefined ? null : (texts) => attentionFrom(recipe, model, texts),
      tokenBytes: text.byteLengths(),
      startOfText,
      probes: probes && {
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

/** A run that goes on is set against its base too, which is read for the maps alone. */
async function attentionFrom({ base }: Recipe, model: DecoderModel, texts: readonly number[][]): Promise<AttentionSample> {
  const start = await openBase(base);
  try {
    return await attentionSample(model, start, texts);
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

/** The base's weights θ₀, which a regularisation holds those of the run to; from the base's files also where the run goes on from a checkpoint. */
async function baseOf(recipe: Recipe, fisher: Uint8Array | null): Promise<RunParts['base']> {
  const base = await openBase(recipe.base);
  if (unties(recipe.method)) base.untie();
  const values = fisher ? fisherValues(fisher) : [];
  return { model: base, fisher: new Map(values.map(({ name, shape, data }) => [name, tensor(data, shape)])) };
}

interface Assembly {
  record: RunRecord;
  texts: readonly ChannelTokens[];
  sampler: BatchSampler;
  trained: Trained;
  resumed: boolean;
  extendedFrom?: number | undefined;
  state: RunState | null;
  history: Awaited<ReturnType<typeof readMetrics>>;
  checkpoints: LoopParts['checkpoints'];
}

async function assembleLoop(
  { record, texts, sampler, trained, resumed, extendedFrom, state, history, checkpoints }: Assembly,
  studio: Studio,
): Promise<TrainingLoop> {
  const { recipe, rules = 1 } = record;
  const heldOut = texts.map(({ id, heldOut: { ids, ...documents } }) => ({
    id,
    tokens: ids,
    documents: rules === 1 ? undefined : documents,
  }));
  const { startOfText } = trained;
  const rows = { context: recipe.sequenceLength, rowsPerChannel: recipe.evaluation.rowsPerChannel, rowsPerBatch: recipe.batchSize };
  const heldOutSet = buildHeldOutSet(heldOut, trained.tokenBytes, { ...rows, startOfText });
  const subject = {
    backend: studio.device.backend,
    weights: trained.weightsHash,
    tokenizer: trained.tokenizerHash,
    channels: heldOut,
    ...(rules === 1 ? {} : { rules, startOfText }),
    ...rows,
    ...(trained.probes ? { probes: trained.probes.hash } : {}),
  };
  return new TrainingLoop({
    record,
    feed: restoreFeed(record, history),
    evaluations: [...history.evaluations],
    checkpoints,
    resumed,
    extendedFrom,
    state,
    model: trained.model,
    joinings: trained.joinings.filter(({ step }) => !history.events.some((event) => event.type === 'unfrozen' && event.step === step)),
    sampler,
    heldOut: heldOutSet,
    probes: trained.probes?.sample ?? null,
    attention: (await trained.attentionOn?.(attentionTexts(heldOutSet, recipe.evaluation.attentionRows ?? 0))) ?? null,
    storage: browserStorage(record.id),
    lock: studio.lock,
    clock: studio.clock,
    baseCache: await evaluationCache(subject),
    listener: studio.listener,
  });
}

/** As shown to a person: "wasm · 2 threads". */
function deviceName({ backend, threads, adapter }: DeviceInfo): string {
  if (backend === 'webgpu') return adapter === '' ? backend : `${backend} · ${adapter}`;
  return threads > 1 ? `${backend} · ${threads} threads` : backend;
}
