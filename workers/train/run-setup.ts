/** From a recipe, or from a stored run, to a loop that is ready to train. Nothing is written before all checks have passed. */
import { reachedShares } from '../../src/core/mixture/automation';
import { effectiveShares } from '../../src/core/mixture/mixture';
import { changedParameters } from '../../src/core/model/adapter';
import { parseRecipe } from '../../src/core/recipe/parse';
import { phaseSpans, plannedSettings, rowsInPhase, withSteps } from '../../src/core/recipe/phases';
import type { Recipe, Schedule } from '../../src/core/recipe/schema';
import { restoreFeed, type RunMessage } from '../../src/core/run/feed';
import { checkFork, settingsAt } from '../../src/core/run/live-changes';
import { withFirstWarmup } from '../../src/core/schedule/schedule';
import type { LiveSettings, RunRecord, RunRules } from '../../src/core/run/types';
import type { DeviceInfo } from '../../src/contract/device';
import type { OnProgress } from '../../src/contract/progress';
import { attentionTexts } from '../runtime/attention';
import { buildHeldOutSet } from '../runtime/held-out';
import {
  lastCheckpoint,
  listCheckpoints,
  loadCheckpoint,
  removeCheckpointsAfter,
  saveCheckpoint,
  type LoadedCheckpoint,
} from '../storage/checkpoints';
import { lockRun, type RunLock } from '../storage/locks';
import {
  appendMetrics,
  copyMetrics,
  readMetrics,
  truncateMetrics,
  createRun,
  readRun,
  removeRun,
  removeStored,
  updateRun,
} from '../storage/runs';
import { putRecord } from '../storage/records';
import { loadTokenizer } from '../tokenizer/open';
import { heldOutTexts, readChannelTokens, spreadDocuments, type ChannelTokens } from '../runtime/channel-tokens';
import { examplesOf } from '../runtime/examples';
import { writeMissingEchoes, type EchoTools } from '../runtime/echo';
import type { Clock, EngineLock } from '../runtime/turns';
import { checkPrecision, type DecoderModel } from '../engine';
import type { EngineWork } from '../runtime/engine-session';
import { evaluationCache } from './evaluation-cache';
import { computeFisher, planFisher, readFisher, storeFisher, type FisherPlan, type FisherUse } from './fisher';
import { TrainingLoop, type LoopParts } from './loop';
import { loadModel, ofBase, refuse, type Trained } from './run-model';
import { browserStorage } from './metric-logger';
import { parseRunState, type RunState } from '../runtime/run-state';
import { phaseDifficulty, rowOrders } from '../runtime/channel-stream';
import { BatchSampler, type SamplerOptions } from './sampler';
import { openBase } from '../runtime/weights';

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

/**
 * What a run needs before its first step; nothing is written, and the caller disposes of the model.
 * @throws StudioError `recipe-invalid`, `precision-unsupported`, `channel-empty`, and those of reading model and corpora
 */
export async function prepareRun(
  recipe: Recipe,
  onProgress: OnProgress,
  studio: Studio,
): Promise<{ recipe: Recipe; texts: ChannelTokens[]; sampler: BatchSampler; trained: Trained }> {
  const checked = checkRunnable(parseRecipe(recipe));
  checkPrecision(checked.precision, studio.device.backend);
  await writeMissingEchoes(checked, echoTools(studio, onProgress));
  const texts = await readTexts(checked, RULES, onProgress);
  const sampler = samplerOf(checked, texts, RULES);
  checkChannels(checked, sampler, settingsAt(checked, [], 0));
  onProgress({ phase: 'load', item: checked.base, done: 0, total: 1 });
  // Rows first: a channel that has none to give is refused before anything is loaded.
  const plans = await planFisher(checked, texts);
  const fisher = (use: FisherUse, model: DecoderModel) =>
    ofBase(checked, model, (base) => computeFisher(base, checked, plans.get(use)!, studio.work, onProgress));
  const trained = await loadModel(checked, RULES, null, studio.device, fisher);
  return { recipe: checked, texts, sampler, trained };
}

/** @throws those of `prepareRun`, and `quota` */
export async function startRun(
  recipe: Recipe,
  name: string,
  onProgress: OnProgress,
  studio: Studio,
  place?: Pick<RunRecord, 'chain' | 'sweep'>,
  rungs: LoopParts['rungs'] = null,
): Promise<ReadyRun> {
  const { recipe: checked, texts, sampler, trained } = await prepareRun(recipe, onProgress, studio);
  try {
    const trainTokens = Object.fromEntries(texts.map(({ id, train }) => [id, train.length]));
    const record = await createRun({
      recipe: checked,
      name,
      device: deviceName(studio.device),
      trainTokens,
      rules: RULES,
      ...(place ? { place } : {}),
    });
    await keepFisher(record.id, trained.fisher);
    const lock = await lockRun(record.id);
    onProgress({ phase: 'load', item: checked.base, done: 1, total: 1 });
    const history = { rows: [], evaluations: [], events: [] };
    const loop = await assembleLoop(
      { record, texts, sampler, trained, resumed: false, state: null, history, checkpoints: [], rungs },
      studio,
    );
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
export async function resumeRun(id: string, onProgress: OnProgress, studio: Studio, rungs: LoopParts['rungs'] = null): Promise<ReadyRun> {
  return goOn(id, async () => ({ record: await readRun(id), checkpoint: await lastCheckpoint(id), rungs }), onProgress, studio);
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
    const record: RunRecord = { ...stored, recipe: parseRecipe(withSteps(recipe, steps)) };
    return { record, checkpoint: await loadCheckpoint(id, from), extendedFrom: recipe.budget.steps };
  };
  return goOn(id, read, onProgress, studio);
}

const echoTools = ({ work, device }: Studio, onProgress: OnProgress): EchoTools => ({ work, backend: device.backend, onProgress });

/**
 * A new run that is another one up to a checkpoint of it, and goes on from there by a recipe of its own: weights, moments, cursors and random numbers go
 * on, so that with the run's own recipe it gives that run's losses, bit for bit. It has the checkpoint and the history for its own.
 * @throws StudioError `recipe-invalid`, `checkpoint-missing`, and those of `resumeRun`
 */
export async function forkRun(
  { run, step }: { run: string; step: number },
  recipe: Recipe,
  name: string,
  onProgress: OnProgress,
  studio: Studio,
): Promise<ReadyRun> {
  const id = crypto.randomUUID();
  const read = async (): Promise<GoingOn> => {
    const parent = await readRun(run);
    const checked = checkRunnable(checkFork(parent.recipe, recipe, step));
    const loaded = await loadCheckpoint(run, step);
    const about = (await listCheckpoints(run)).find((checkpoint) => checkpoint.step === step);
    const checkpoint = { ...loaded, state: withChannels(parseRunState(run, step, loaded.state), checked.channels.length) };
    const { error: _, chain: __, sweep: ___, ...rest } = parent;
    const now = Date.now();
    const record: RunRecord = {
      ...rest,
      id,
      name,
      recipe: checked,
      changes: [],
      createdAt: now,
      updatedAt: now,
      step,
      tokens: checkpoint.state.tokens,
      state: 'interrupted',
      stopReason: null,
      error: null,
      latest: about?.evaluation ?? null,
      forkedFrom: { run, step, name: parent.name },
    };
    const keep = async (trainTokens: Record<string, number>, fisher: Trained['fisher']) => {
      try {
        await copyMetrics(run, id, step);
        await appendMetrics(id, [{ kind: 'event', type: 'forked', step, at: now, run, name: parent.name }]);
        for (const [use, values] of fisher) await storeFisher(id, use, values);
        const content = {
          model: new Uint8Array(await checkpoint.model.arrayBuffer()),
          optimizer: checkpoint.optimizer,
          average: checkpoint.average && checked.average ? new Uint8Array(await checkpoint.average.arrayBuffer()) : undefined,
          state: checkpoint.state,
        };
        const moments = about?.moments === undefined ? {} : { moments: about.moments };
        await saveCheckpoint(id, step, content, { reason: 'start', evaluation: record.latest, ...moments });
        await putRecord('runs', { ...record, trainTokens });
      } catch (error) {
        await removeStored(id);
        throw error;
      }
    };
    return { record, checkpoint, fisherOf: run, anew: !sameFisher(parent.recipe, checked), keep };
  };
  return goOn(id, read, onProgress, studio);
}

/** Is the Fisher information of two recipes on one base the same, whatever λ? */
function sameFisher(one: Recipe, other: Recipe): boolean {
  const measured = ({ regularisation, channels }: Recipe) => {
    if (!regularisation?.ewc) return null;
    const { lambda: _, ...ewc } = regularisation.ewc;
    return JSON.stringify([ewc, ewc.online ? [] : channels.filter(({ role }) => role === 'general').map(({ id }) => id)]);
  };
  return measured(one) !== null && measured(one) === measured(other);
}

/** The state of a checkpoint for a run with more channels, which have given nothing yet. */
function withChannels(state: RunState, channels: number): RunState {
  const widened = (sums: number[]) => [...sums, ...Array.from({ length: channels - sums.length }, () => 0)];
  return { ...state, window: { ...state.window, nll: widened(state.window.nll), tokens: widened(state.window.tokens) } };
}

/** For a run that is past its base. */
async function fisherOfBase(recipe: Recipe, plan: FisherPlan, onProgress: OnProgress, { work }: Studio): Promise<Uint8Array> {
  const base = await openBase(recipe.base);
  try {
    if (recipe.method?.kind === 'lora') base.freezeAllBut(changedParameters(base.config, recipe.method));
    return await computeFisher(base, recipe, plan, work, onProgress);
  } finally {
    base.dispose();
  }
}

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
  rungs?: LoopParts['rungs'];
  /** All steps that the run had, where it is given more. */
  extendedFrom?: number;
  /** The run whose Fisher information it goes on with; absent: its own. */
  fisherOf?: string;
  /** That of EWC is measured on the base instead. */
  anew?: boolean;
  /** Writes a run that is not stored yet, once all checks have passed. */
  keep?: (trainTokens: Record<string, number>, fisher: Trained['fisher']) => Promise<void>;
}

async function goOn(id: string, read: () => Promise<GoingOn>, onProgress: OnProgress, studio: Studio): Promise<ReadyRun> {
  const lock = await lockRun(id);
  try {
    const { record: stored, checkpoint, extendedFrom, fisherOf = id, anew = false, keep, rungs = null } = await read();
    const record = asBegun(stored);
    const { recipe, rules = 1 } = record;
    checkPrecision(recipe.precision, studio.device.backend);
    await writeMissingEchoes(recipe, echoTools(studio, onProgress));
    const texts = await readTexts(recipe, rules, onProgress);
    onProgress({ phase: 'load', item: recipe.base, done: 0, total: 1 });
    const state = checkpoint ? parseRunState(id, checkpoint.step, checkpoint.state) : null;
    const sampler = samplerOf(recipe, texts, rules, state);
    checkChannels(recipe, sampler, settingsAt(recipe, record.changes, state?.step ?? 0));
    const plan = anew ? (await planFisher(recipe, texts)).get('ewc') : undefined;
    const fisher = (use: FisherUse) => (use === 'ewc' && plan ? fisherOfBase(recipe, plan, onProgress, studio) : readFisher(fisherOf, use));
    const trained = await loadModel(recipe, rules, checkpoint, studio.device, fisher);
    const trainTokens = Object.fromEntries(texts.map((text) => [text.id, text.train.length]));
    if (keep) await keep(trainTokens, trained.fisher);
    // From here on it is a longer run, of which a part has been made.
    if (extendedFrom !== undefined) await updateRun(id, { recipe: stored.recipe, state: 'interrupted', stopReason: null, error: null });
    await removeCheckpointsAfter(id, state?.step ?? -1);
    await truncateMetrics(id, state?.step ?? 0);
    const history = await readMetrics(id);
    // Without a checkpoint the run starts afresh: of its history only the base's evaluation still holds.
    if (!state) history.rows = [];
    const fresh: RunRecord = {
      ...record,
      ...(keep ? { trainTokens } : {}),
      state: 'preparing',
      stopReason: null,
      error: null,
      device: deviceName(studio.device),
    };
    onProgress({ phase: 'load', item: recipe.base, done: 1, total: 1 });
    const checkpoints = await listCheckpoints(id);
    const loop = await assembleLoop(
      { record: fresh, texts, sampler, trained, resumed: true, extendedFrom, state, history, checkpoints, rungs },
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

/** A run of the first rules took special tokens that are written out in its text for tokens. */
async function readTexts(recipe: Recipe, rules: RunRules, onProgress: OnProgress): Promise<ChannelTokens[]> {
  const { hash, tokenizer } = await loadTokenizer(recipe.base);
  const channels = rules === 1 ? recipe.channels.map((channel) => ({ ...channel, specialTokens: 'tokens' as const })) : recipe.channels;
  const texts = await readChannelTokens(recipe.base, hash, channels, onProgress);
  return Promise.all(
    texts.map(async (text, channel) =>
      recipe.channels[channel]!.objective ? { ...text, examples: await examplesOf({ recipe, channel, text, tokenizer }) } : text,
    ),
  );
}

function samplerOf(recipe: Recipe, texts: readonly ChannelTokens[], rules: RunRules, state: RunState | null = null): BatchSampler {
  const curricula = rowOrders(recipe, texts, rules);
  const difficulty = phaseDifficulty(recipe, texts, rules);
  const channels = texts.map(({ id, train, trainDocuments, examples }) => ({
    id,
    tokens: train,
    curriculum: curricula[id] ?? null,
    difficulty: difficulty[id],
    apart: recipe.packing === 'separate' ? trainDocuments : undefined,
    examples: examples?.train,
  }));
  return new BatchSampler(
    { channels, context: recipe.sequenceLength, seed: recipe.seed, rules, orders: phaseOrders(recipe, difficulty) },
    state?.sampler,
  );
}

/** Which channels' rows each phase sorts, and in blocks of how many; nothing where no phase does. */
function phaseOrders(recipe: Recipe, difficulty: Readonly<Record<string, Float64Array>>): SamplerOptions['orders'] {
  const sorting = Object.keys(difficulty);
  if (sorting.length === 0) return undefined;
  return phaseSpans(recipe).map((span) => {
    const drawn = effectiveShares(recipe, plannedSettings(recipe, span.start).shares, span.start);
    const ids = span.phase?.order === 'difficulty' ? sorting.filter((id) => (drawn[id] ?? 0) > 0) : [];
    return { start: span.start, blocks: Object.fromEntries(ids.map((id) => [id, rowsInPhase(recipe, id, span)])) };
  });
}

/** Every channel that is drawn from, now and from the beginning to the end of each phase, must have a row to give. */
function checkChannels(recipe: Recipe, sampler: BatchSampler, { shares }: LiveSettings): void {
  for (const step of [0, recipe.budget.steps - 1]) sampler.check(effectiveShares(recipe, shares, step));
  if (recipe.phases)
    for (const { start } of phaseSpans(recipe)) sampler.check(effectiveShares(recipe, plannedSettings(recipe, start).shares, start));
  for (const reached of reachedShares(recipe)) sampler.check(reached);
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
  rungs: LoopParts['rungs'];
}

async function assembleLoop(
  { record, texts, sampler, trained, resumed, extendedFrom, state, history, checkpoints, rungs }: Assembly,
  studio: Studio,
): Promise<TrainingLoop> {
  const { recipe, rules = 1 } = record;
  const heldOut = texts.map(({ id, heldOut: { ids, ...documents }, examples }) => ({
    id,
    tokens: ids,
    examples: examples?.heldOut,
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
    ...objectivesOf(recipe),
  };
  return new TrainingLoop({
    record,
    feed: restoreFeed(record, history),
    evaluations: [...history.evaluations],
    checkpoints,
    resumed,
    extendedFrom,
    rungs: rungs ?? null,
    state,
    model: trained.model,
    joinings: trained.joinings.filter(({ step }) => !history.events.some((event) => event.type === 'unfrozen' && event.step === step)),
    sampler,
    heldOut: heldOutSet,
    probes: trained.probes?.sample ?? null,
    attention: (await trained.attentionOn?.(attentionTexts(heldOutSet, recipe.evaluation.attentionRows ?? 0))) ?? null,
    adversarial: trained.adversarialOn ? await trained.adversarialOn(await adversarialDocuments(recipe, texts)) : null,
    texts: trained.texts,
    storage: browserStorage(record.id),
    lock: studio.lock,
    clock: studio.clock,
    baseCache: await evaluationCache(subject),
    listener: studio.listener,
  });
}

/** Held-out texts of each channel of which the adversarial set is made. */
async function adversarialDocuments({ channels, evaluation }: Recipe, texts: readonly ChannelTokens[]): Promise<string[]> {
  const each = channels.map(({ corpus }, at) => {
    const { starts } = texts[at]!.heldOut;
    return heldOutTexts(corpus, spreadDocuments(starts.length, evaluation.adversarialDocuments ?? 0));
  });
  return (await Promise.all(each)).flat();
}

/** What an evaluation of the base depends on beside text and weights: heads that the run's seed draws, and what objectives measure. */
function objectivesOf({ channels, seed }: Recipe): { objectives?: string } {
  const own = channels.map(({ objective, prefix }) => [objective ?? null, prefix ?? null]);
  return own.every(([objective, prefix]) => objective === null && prefix === null) ? {} : { objectives: JSON.stringify([seed, own]) };
}

/** As shown to a person: "wasm · 2 threads". */
function deviceName({ backend, threads, adapter }: DeviceInfo): string {
  if (backend === 'webgpu') return adapter === '' ? backend : `${backend} · ${adapter}`;
  return threads > 1 ? `${backend} · ${threads} threads` : backend;
}
