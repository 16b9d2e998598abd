/**
 * Runs that go on from other runs. Branch and decay is a fork's recipe. A chain of runs has stages, each on the weights of the one before: those of a pipeline (pipeline.ts), or one domain after another: lifelong learning, in which every stage's recipe holds the channels of all
 * stages, those that it does not read with a share of 0, so that each run's own evaluations measure what it did to every channel.
 */
import { mean } from '../metrics/statistics';
import { isSoft, unmergeable } from '../model/soft-prompt';
import { domainShare } from '../recipe/edits';
import { presetMethod } from '../recipe/method';
import { parseRecipe } from '../recipe/parse';
import { phaseAt, phaseSpans, withPhases } from '../recipe/phases';
import type { Channel, Phase, Recipe, Schedule } from '../recipe/schema';
import { decayStart, warmupSteps } from '../schedule/schedule';
import { pipelineStage } from './pipeline';
import { isActive, type ChainPlan, type EvaluationRow, type LifelongPlan, type RunRecord } from './types';

/**
 * Branch and decay: the run as it was up to step `from`, then `steps` steps in which the learning rate falls from where it is to a tenth of it.
 * @param rate in effect at `from`
 */
export function decayFrom(recipe: Recipe, from: number, steps: number, rate: number, decayShape: Schedule['decayShape']): Recipe {
  const { schedule, budget } = recipe;
  const before = phaseSpans(recipe).flatMap(({ start, steps: own, phase }): Phase[] =>
    start >= from ? [] : [{ ...phase, steps: Math.min(own, from - start) }],
  );
  // On the plateau the part that is kept is drawn as it was: its schedule was that of a run of another length.
  const plateau = schedule.kind === 'constant' || (schedule.kind === 'wsd' && from <= decayStart(schedule, budget.steps));
  if (!recipe.phases && before[0] && plateau)
    before[0].schedule = { ...schedule, kind: 'constant', warmup: { unit: 'steps', value: warmupSteps(schedule, budget.steps) } };
  const decay: Schedule = { kind: 'wsd', peakLr: rate, minRatio: 0.1, warmup: { unit: 'steps', value: 0 }, decayRatio: 1, decayShape };
  const last: Partial<Phase> = phaseAt(recipe, Math.max(0, from - 1)).phase ?? {};
  const { name: _, ...kept } = last;
  return withPhases(recipe, [...before, { ...kept, steps, schedule: decay }]);
}

/** Rows that the Fisher information of a stage is the mean over. */
const FISHER_ROWS = 64;

/** The recipe of a chain's stage. @param base model id of the weights that it begins with @throws StudioError `recipe-invalid`, `model-unmergeable` */
export const stageRecipe = (plan: ChainPlan, stage: number, base: string): Recipe =>
  plan.kind === 'pipeline' ? pipelineStage(plan, stage, base) : lifelongStage(plan, stage, base);

/** Model id of the weights that a chain's first stage begins with. */
export const firstBase = (plan: ChainPlan): string => (plan.kind === 'pipeline' ? plan.stages[0]!.recipe : plan.recipe).base;

/** Channels that a stage is about: its domains, or all that it reads. */
const channelsOfStage = (plan: ChainPlan, stage: number): string[] =>
  plan.kind === 'pipeline'
    ? plan.stages[stage]!.recipe.channels.flatMap(({ id, share }) => (share > 0 ? [id] : []))
    : plan.stages[stage]!.domains.map(({ id }) => id);

/**
 * The recipe of a stage: general channels as in the plan's recipe; the rest of the share goes to the stage's domains evenly, but for the part that the
 * earlier ones' replay has.
 * @param stage from 0 @param base model id of the weights that it begins with @throws StudioError `recipe-invalid`, `model-unmergeable`
 */
function lifelongStage({ recipe, stages, replay, ewc, adapter }: LifelongPlan, stage: number, base: string): Recipe {
  const { phases: _, regularisation = {}, method, ...rest } = recipe;
  const { ewc: __, ...anchors } = regularisation;
  const general = recipe.channels.flatMap(({ weight: ___, ...channel }) => (channel.role === 'general' ? [channel] : []));
  const share = general.length === 0 ? 1 : domainShare(recipe);
  const own = new Set(stages[stage]!.domains.map(({ id }) => id));
  const earlier = new Set(
    stages
      .slice(0, stage)
      .flatMap(({ domains }) => domains.map(({ id }) => id))
      .filter((id) => !own.has(id)),
  );
  const replayed = earlier.size > 0 ? share * replay : 0;
  const shareOf = (id: string) => (own.has(id) ? (share - replayed) / own.size : earlier.has(id) ? replayed / earlier.size : 0);
  const domains = new Map(stages.flatMap((one) => one.domains.map((domain) => [domain.id, domain])));
  const channels = [
    ...general,
    ...[...domains.values()].map((domain): Channel => ({ ...domain, role: 'domain', share: shareOf(domain.id) })),
  ];
  const online = stage > 0 && ewc ? { online: { gamma: ewc.gamma } } : {};
  const held = { ...anchors, ...(ewc ? { ewc: { lambda: ewc.lambda, sequences: FISHER_ROWS, labels: 'model', ...online } } : {}) };
  const trained = adapter ? presetMethod('qkv') : method;
  // The next stage begins with weights, of which it would be no part.
  if (isSoft(trained)) throw unmergeable(trained);
  return parseRecipe({
    ...rest,
    base,
    channels,
    strategy: { kind: 'mixed' },
    budget: { steps: stages[stage]!.steps },
    ...(Object.keys(held).length > 0 ? { regularisation: held } : {}),
    ...(trained ? { method: trained } : {}),
  });
}

/** A chain as its stored runs tell it. */
export interface Chain {
  id: string;
  name: string;
  plan: ChainPlan;
  /** Runs of its stages so far, in order. */
  runs: RunRecord[];
  /** Stages that have ended. */
  done: number;
  /** A stage of it is being trained. */
  active: boolean;
}

/** By its budget, or by one of its recipe's rules. */
export const stageEnded = ({ state, stopReason }: RunRecord): boolean =>
  state === 'finished' || (state === 'stopped' && (stopReason === 'early-stop' || stopReason === 'forgetting-stop'));

/** Newest first. @param runs of all kinds */
export function chainsOf(runs: readonly RunRecord[]): Chain[] {
  const chains = new Map<string, Chain>();
  for (const run of [...runs].sort((one, other) => one.createdAt - other.createdAt)) {
    if (!run.chain) continue;
    const { id, name, plan, stage } = run.chain;
    const chain = chains.get(id) ?? { id, name, plan, runs: [], done: 0, active: false };
    // A stage that was begun anew counts as it was last.
    chain.runs[stage] = run;
    chains.set(id, chain);
  }
  return [...chains.values()]
    .map(({ runs: found, ...chain }) => {
      const gap = Array.from(found).findIndex((run) => run === undefined);
      const own = gap === -1 ? found : found.slice(0, gap);
      const end = own.findIndex((run) => !stageEnded(run));
      return { ...chain, runs: own, done: end === -1 ? own.length : end, active: own.some(({ state }) => isActive(state)) };
    })
    .filter((chain) => chain.runs.length > 0)
    .reverse();
}

export interface LifelongMatrix {
  channels: Pick<Channel, 'id' | 'corpus' | 'role' | 'objective'>[];
  /** Held-out loss before the first stage, nats per token, by channel; null where it was not measured. */
  base: (number | null)[];
  /** The same after each stage that has ended, and the channels that it read for its own domain. */
  stages: { run: string; name: string; domains: string[]; loss: (number | null)[] }[];
  /**
   * Lopez-Paz and Ranzato (arXiv 1706.08840) with −loss as the score: what the later stages did to the domains before them, mean_{j<K} (L_jj − L_Kj),
   * and what a domain gained before its own stage, mean_{j>1} (b_j − L_(j−1)j). Above 0 is good; null before two stages have ended.
   */
  backward: number | null;
  forward: number | null;
}

/** What a stage did to a channel, against the one before it (or the base): nats per token or per unit of its objective, below 0 is learnt. */
export interface StageChange {
  channel: string;
  change: number;
}

/** A change of loss that is worth a word. */
const NOTABLE = 0.005;

/** Of each stage, the channels that gained and those that lost, the largest change first. */
export function stageChanges({ channels, base, stages }: LifelongMatrix): { gains: StageChange[]; losses: StageChange[] }[] {
  return stages.map(({ loss }, at) => {
    const before = stages[at - 1]?.loss ?? base;
    const changes = channels.flatMap(({ id }, channel): StageChange[] => {
      const [from, to] = [before[channel] ?? base[channel] ?? null, loss[channel] ?? null];
      return from === null || to === null || Math.abs(to - from) < NOTABLE ? [] : [{ channel: id, change: to - from }];
    });
    const ordered = changes.sort((one, other) => Math.abs(other.change) - Math.abs(one.change));
    return { gains: ordered.filter(({ change }) => change < 0), losses: ordered.filter(({ change }) => change > 0) };
  });
}

export function lifelongMatrix({ plan, runs, done }: Pick<Chain, 'plan' | 'runs' | 'done'>): LifelongMatrix | null {
  const [first] = runs;
  if (!first) return null;
  const channels = first.recipe.channels.map(({ id, corpus, role, objective }) => ({
    id,
    corpus,
    role,
    ...(objective ? { objective } : {}),
  }));
  // DPO's loss is against the weights that its run began with, so that it says nothing between stages.
  const against = (row: EvaluationRow | null, read: (id: string) => boolean) =>
    channels.map(({ id, objective }) => (objective?.kind !== 'dpo' || read(id) ? (row?.channels[id]?.loss ?? null) : null));
  const base = against(first.base, () => true);
  const stages = runs.slice(0, done).map(({ id, name, latest }, at) => ({
    run: id,
    name: plan.kind === 'pipeline' ? plan.stages[at]!.name : name,
    domains: channelsOfStage(plan, at),
    loss: against(latest, (channel) => channelsOfStage(plan, at).includes(channel)),
  }));
  /** Mean loss over the domains of stage `task`. */
  const ofTask = (loss: readonly (number | null)[], task: number): number | null => {
    const own = channels.flatMap(({ id }, at) => (stages[task]!.domains.includes(id) ? [loss[at] ?? null] : []));
    return own.length === 0 || own.includes(null) ? null : mean(own as number[]);
  };
  const differences = (from: number, to: number, of: (task: number) => [before: number | null, after: number | null]) => {
    const found = Array.from({ length: Math.max(0, to - from) }, (_, at) => of(from + at));
    const known = found.flatMap(([before, after]) => (before === null || after === null ? [] : [before - after]));
    return known.length === 0 || known.length < found.length ? null : mean(known);
  };
  const last = stages.at(-1);
  const pipeline = plan.kind === 'pipeline';
  return {
    channels,
    base,
    stages,
    backward: last && !pipeline ? differences(0, done - 1, (task) => [ofTask(stages[task]!.loss, task), ofTask(last.loss, task)]) : null,
    forward: pipeline ? null : differences(1, done, (task) => [ofTask(base, task), ofTask(stages[task - 1]!.loss, task)]),
  };
}

/** To be saved: a row for the base and each stage, a column for each channel, then both transfers; losses in nats per token. */
export function matrixTable(
  { channels, base, stages, backward, forward }: LifelongMatrix,
  name: (id: string) => string,
): { columns: string[]; rows: (string | number | null)[][] } {
  return {
    columns: ['after', ...channels.map(({ id }) => name(id))],
    rows: [
      ['base', ...base],
      ...stages.map((stage) => [stage.name, ...stage.loss]),
      ['backward transfer', backward],
      ['forward transfer', forward],
    ],
  };
}
