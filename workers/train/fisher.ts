/**
 * The Fisher information that a run with EWC or with parameter isolation starts from, or the change of the weights that an isolation chooses by: computed on the base before anything of the run is written,
 * kept in the run's folder, so that a run that goes on holds, or trains, its weights by the same bits. Online EWC (Schwarz et al., arXiv 1805.06370) carries
 * on that of the run whose weights the base is.
 */
import { abs, sub, tidy } from '@tensorflow/tfjs-core';
import { StudioError } from '../../src/core/errors';
import { effectiveShares } from '../../src/core/mixture/mixture';
import { phaseSpans, plannedSettings } from '../../src/core/recipe/phases';
import type { OnProgress } from '../../src/contract/progress';
import { unties } from '../../src/core/recipe/method';
import { isolationRole, type Channel, type ChannelRole, type Recipe } from '../../src/core/recipe/schema';
import { deriveSeed, Rng } from '../../src/core/rng/rng';
import { createAdamW, drawnLabels, FisherDiagonal, hostTensors, settled, trainingGradients, type DecoderModel } from '../engine';
import { readSafetensors, writeSafetensors } from '../engine';
import { openBase } from '../runtime/weights';
import { channelEmpty } from '../runtime/channel-stream';
import type { ChannelTokens } from '../runtime/channel-tokens';
import type { EngineWork } from '../runtime/engine-session';
import { emptyBatch, fillRow, type TokenBatch } from '../runtime/trainable-model';
import { files } from '../storage/files';
import { keptFrom } from '../storage/models';
import { readRun } from '../storage/runs';

/** What a run has Fisher information for. */
export type FisherUse = 'ewc' | 'isolation';

export function fisherUses({ regularisation, method }: Recipe): FisherUse[] {
  return [
    ...(regularisation?.ewc ? (['ewc'] as const) : []),
    ...(method?.kind === 'partial' && method.isolation ? (['isolation'] as const) : []),
  ];
}

/** What Fisher information is measured on, and what of an earlier run's is carried on; or how weights are to change. */
export interface FisherPlan {
  rows: TokenBatch[];
  /** Not their Fisher information is asked for but how far the weights move: in a step of training on each row, or to those of a model. */
  change?: { against: string | null };
  labels: 'model' | 'text';
  carried: { gamma: number; fisher: Uint8Array } | null;
}

/**
 * What the recipe asks for, by use.
 * @throws StudioError `channel-empty`; `recipe-invalid`, `run-missing`, `file-missing` where online EWC has no run to go on from
 */
export async function planFisher(recipe: Recipe, texts: readonly ChannelTokens[]): Promise<Map<FisherUse, FisherPlan>> {
  const plans = new Map<FisherUse, FisherPlan>();
  const ewc = recipe.regularisation?.ewc;
  const isolation = recipe.method?.kind === 'partial' ? recipe.method.isolation : undefined;
  const ofRole = (role: ChannelRole) => idsOf(recipe, (channel) => channel.role === role);
  if (ewc) {
    const online = ewc.online && (await goingOn(recipe, ewc.online.gamma));
    const rows = fisherRows(recipe, texts, online?.ids ?? ofRole('general'), ewc.sequences);
    plans.set('ewc', { rows, labels: ewc.labels, carried: online?.carried ?? null });
  }
  if (isolation) {
    const role = isolationRole(isolation);
    plans.set('isolation', {
      rows: role ? fisherRows(recipe, texts, ofRole(role), isolation.sequences) : [],
      ...(isolation.by === 'change' ? { change: { against: isolation.against ?? null } } : {}),
      labels: isolation.labels,
      carried: null,
    });
  }
  return plans;
}

/** Online EWC: channels of the domains that the base's run read, and that run's Fisher information. */
async function goingOn(recipe: Recipe, gamma: number): Promise<{ ids: string[]; carried: FisherPlan['carried'] }> {
  const { run } = (await keptFrom(recipe.base)) ?? refuse(recipe.base, 'a base kept from a run with EWC');
  const former = (await readRun(run)).recipe;
  if (!former.regularisation?.ewc) refuse(recipe.base, 'a base kept from a run with EWC');
  const read = former.channels.filter(({ id, role }) => role === 'domain' && isRead(former, id)).map(({ corpus }) => corpus);
  const missing = read.find((corpus) => !recipe.channels.some((channel) => channel.corpus === corpus));
  if (missing !== undefined) refuse(recipe.channels.map(({ corpus }) => corpus).join(', '), `a channel with corpus "${missing}"`);
  // A run that read general text alone is held to what it learnt there.
  const ids = idsOf(recipe, ({ corpus, role }) => (read.length > 0 ? read.includes(corpus) : role === 'general'));
  return { ids, carried: { gamma, fisher: await readFisher(run, 'ewc') } };
}

const idsOf = ({ channels }: Recipe, of: (channel: Channel) => boolean): string[] => channels.filter(of).map(({ id }) => id);

/** Does any phase of a recipe draw from the channel? */
const isRead = (recipe: Recipe, id: string): boolean =>
  phaseSpans(recipe).some(({ start, steps }) =>
    [start, start + steps - 1].some((step) => (effectiveShares(recipe, plannedSettings(recipe, step).shares, step)[id] ?? 0) > 0),
  );

function refuse(value: string, accepted: string): never {
  const field = 'regularisation.ewc.online';
  throw new StudioError('recipe-invalid', `Recipe field ${field} with ${value}; accepted: ${accepted}`, { field, value, accepted });
}

const fisherPath = (run: string, use: FisherUse): string => `runs/${run}/${use === 'ewc' ? 'fisher' : use}.safetensors`;

/**
 * Rows of the training text of channels, in turn, each from a place of its own.
 * @throws StudioError `channel-empty` naming the first of the channels that has no row to give
 */
function fisherRows(
  { sequenceLength, packing, seed }: Recipe,
  texts: readonly ChannelTokens[],
  ids: readonly string[],
  sequences: number,
): TokenBatch[] {
  const drawn = texts.filter(({ id }) => ids.includes(id));
  for (const { id, train } of drawn) if (train.length <= sequenceLength) throw channelEmpty(id, train.length, sequenceLength);
  const places = new Rng(deriveSeed(seed, 'fisher', 'rows'));
  return Array.from({ length: sequences }, (_, at) => {
    const { train, trainDocuments } = drawn[at % drawn.length]!;
    const row = emptyBatch(1, sequenceLength);
    const apart = packing === 'separate' ? trainDocuments : undefined;
    fillRow(row, 0, train, { start: places.integer(train.length - sequenceLength), channel: 0, apart });
    return row;
  });
}

/**
 * As the bytes of a safetensors file in F32, by the parameters' names.
 * @throws StudioError `cancelled`
 */
export async function computeFisher(
  model: DecoderModel,
  recipe: Recipe,
  plan: FisherPlan,
  work: EngineWork,
  onProgress: OnProgress,
): Promise<Uint8Array> {
  const { rows, labels, carried, change } = plan;
  const { lock, yield: giveWay, signal } = work;
  if (change) return changeOf(model, recipe, plan, work, onProgress);
  const random = new Rng(deriveSeed(recipe.seed, 'fisher', 'labels'));
  const fisher = new FisherDiagonal(model);
  try {
    for (const [at, row] of rows.entries()) {
      onProgress({ phase: 'fisher', item: recipe.base, done: at, total: rows.length });
      await giveWay();
      signal.throwIfAborted();
      await lock.run(async () => {
        const targets = labels === 'text' ? row.targets : await drawnLabels(model, row, () => random.uniform());
        fisher.add({ ...row, targets }, recipe.activationCheckpointing);
      });
    }
    const mean = fisher.mean();
    try {
      const fresh = await hostTensors(mean);
      return writeSafetensors(carried ? carryFisher(carried.gamma, fisherValues(carried.fisher), fresh) : fresh, 'F32');
    } finally {
      for (const tensor of mean.values()) tensor.dispose();
    }
  } finally {
    fisher.dispose();
  }
}

/**
 * How far each element of the parameters that train moves, in absolute value, as `computeFisher` gives it; the model is as before. A pass of
 * training takes AdamW's steps at the schedule's peak rate, a row each, without weight decay (as sparse fine-tuning chooses its weights: Ansell et
 * al., arXiv 2110.07560, there after a whole training).
 * @throws StudioError `recipe-invalid` for a model of other shapes or of the same weights
 */
async function changeOf(
  model: DecoderModel,
  recipe: Recipe,
  { rows, change }: FisherPlan,
  { lock, yield: giveWay, signal }: EngineWork,
  onProgress: OnProgress,
): Promise<Uint8Array> {
  const trained = new Map([...model.parameters].filter(([, { trainable }]) => trainable));
  // An update in place copies a variable that shares its memory, so that these keep their values.
  const before = new Map([...trained].map(([name, parameter]) => [name, parameter.clone()]));
  const against = change!.against;
  const other = against === null ? null : await openBase(against);
  if (other && unties(recipe.method)) other.untie();
  try {
    if (other) {
      const strange = [...trained].find(([name, { shape }]) => other.parameters.get(name)?.shape.join() !== shape.join());
      if (strange)
        refuseChange('method.isolation.against', against!, `a model with ${strange[0]} of shape [${strange[1].shape.join(', ')}]`);
    } else {
      const { optimizer, schedule, activationCheckpointing: recompute } = recipe;
      const adamw = createAdamW(model.parameters, { ...optimizer, weightDecay: 0 });
      for (const [at, row] of rows.entries()) {
        onProgress({ phase: 'change', item: recipe.base, done: at, total: rows.length });
        await giveWay();
        signal.throwIfAborted();
        await lock.run(async () => {
          const { gradients, sums } = trainingGradients(model, [row], { channels: 1, recompute });
          const { norm } = adamw.apply(gradients, schedule.peakLr);
          for (const spent of [sums, norm]) spent.dispose();
          await settled();
        });
      }
      adamw.dispose();
    }
    const { parameters } = other ?? model;
    const moved = new Map([...before].map(([name, start]) => [name, tidy(() => abs(sub(parameters.get(name)!, start)))]));
    for (const [name, parameter] of trained) parameter.assign(before.get(name)!);
    const figures = await hostTensors(moved);
    for (const tensor of moved.values()) tensor.dispose();
    if (figures.every(({ data }) => data.every((value) => value === 0)))
      refuseChange(
        against === null ? 'schedule.peakLr' : 'method.isolation.against',
        against ?? String(recipe.schedule.peakLr),
        'weights that change',
      );
    return writeSafetensors(figures, 'F32');
  } finally {
    other?.dispose();
    for (const tensor of before.values()) tensor.dispose();
  }
}

function refuseChange(field: string, value: string, accepted: string): never {
  throw new StudioError('recipe-invalid', `Recipe field ${field} is ${value}; accepted: ${accepted}`, { field, value, accepted });
}

interface Diagonal {
  name: string;
  shape: readonly number[];
  data: Float32Array;
}

/** F ← γ · F + F of the last stage, by the parameters' names; what has none before is as measured. */
export function carryFisher<Fresh extends Diagonal>(gamma: number, before: readonly Diagonal[], fresh: readonly Fresh[]): Fresh[] {
  const known = new Map(before.map(({ name, data }) => [name, data]));
  return fresh.map((one) => ({ ...one, data: one.data.map((value, at) => gamma * (known.get(one.name)?.[at] ?? 0) + value) }));
}

export async function storeFisher(run: string, use: FisherUse, fisher: Uint8Array): Promise<void> {
  await files.write(fisherPath(run, use), fisher as Uint8Array<ArrayBuffer>);
}

/** @throws StudioError `file-missing` */
export async function readFisher(run: string, use: FisherUse): Promise<Uint8Array> {
  return files.read(fisherPath(run, use));
}

/** On the host, by the parameters' names. */
export function fisherValues(fisher: Uint8Array) {
  return [...readSafetensors('fisher.safetensors', fisher).tensors.values()].map(({ name, shape, read }) => ({
    name,
    shape,
    data: read(),
  }));
}
