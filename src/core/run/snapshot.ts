/**
 * What the desk shows of a run, built from its record and its history. The trainer keeps a `RunHistory` and adds to it as it
 * goes; the library fills one from metrics.jsonl. Both so draw the same picture of the same run.
 */
import { meanRetention } from '../metrics/loss';
import { SeriesBuilder } from '../metrics/decimate';
import { learningRateAt, warmupSteps } from '../schedule/schedule';
import type { Recipe, Schedule } from '../recipe/schema';
import type {
  CheckpointRecord,
  EvaluationRow,
  LiveChange,
  LiveSettings,
  Marker,
  MetricRow,
  RunEvent,
  RunRecord,
  RunSnapshot,
  Series,
} from './types';

export const TOTAL = 'total';

/** All logged of a run so far, as series. Rows and evaluations are added in the order of their steps. */
export class RunHistory {
  private readonly train: Map<string, SeriesBuilder>;
  private readonly heldOut: Map<string, SeriesBuilder>;
  private readonly retention = new SeriesBuilder();
  private readonly risk = new SeriesBuilder();
  private readonly tokens = new Map<string, number>();
  private readonly evaluationSteps: number[] = [];
  private readonly events: RunEvent[] = [];
  private before: MetricRow | null = null;
  private last: MetricRow | null = null;
  private readonly lastLoss = new Map<string, number>();
  private base: EvaluationRow | null = null;
  private latest: EvaluationRow | null = null;

  constructor(private readonly recipe: Recipe) {
    const names = [...recipe.channels.map(({ id }) => id), TOTAL];
    this.train = new Map(names.map((name) => [name, new SeriesBuilder()]));
    this.heldOut = new Map(names.map((name) => [name, new SeriesBuilder()]));
  }

  addRow(row: MetricRow): void {
    for (const { id } of this.recipe.channels) {
      const loss = row.loss[id] ?? null;
      this.train.get(id)?.push(row.step, loss);
      this.tokens.set(id, (this.tokens.get(id) ?? 0) + (row.count[id] ?? 0));
      if (loss !== null) this.lastLoss.set(id, loss);
    }
    this.train.get(TOTAL)?.push(row.step, row.total);
    this.before = this.last;
    this.last = row;
  }

  addEvaluation(evaluation: EvaluationRow): void {
    let nll = 0;
    let tokens = 0;
    for (const { id } of this.recipe.channels) {
      const channel = evaluation.channels[id];
      this.heldOut.get(id)?.push(evaluation.step, channel?.loss ?? null);
      nll += (channel?.loss ?? 0) * (channel?.tokens ?? 0);
      tokens += channel?.tokens ?? 0;
    }
    this.heldOut.get(TOTAL)?.push(evaluation.step, tokens > 0 ? nll / tokens : null);
    this.base ??= evaluation;
    this.latest = evaluation;
    this.retention.push(evaluation.step, meanRetention(this.base, evaluation, this.recipe.channels));
    if (evaluation.probes) this.risk.push(evaluation.step, evaluation.probes.risk?.value ?? null);
    this.evaluationSteps.push(evaluation.step);
  }

  addEvent(event: RunEvent): void {
    this.events.push(event);
  }

  /** The picture now. Costs time in proportion to the rows so far; ask for it at most a few times a second. */
  snapshot(record: RunRecord, checkpoints: readonly CheckpointRecord[]): RunSnapshot {
    const { recipe } = this;
    const settings = settingsAt(recipe, record.changes, record.step);
    const base = record.base ?? this.base;
    const latest = this.latest ?? record.latest;
    const stepMs = this.last?.stepMs ?? null;
    const left = recipe.budget.steps - record.step;
    return {
      runId: record.id,
      name: record.name,
      state: record.state,
      stopReason: record.stopReason,
      error: record.error,
      recipe,
      settings,
      step: record.step,
      steps: recipe.budget.steps,
      tokens: record.tokens,
      tokensPerSecond: this.tokensPerSecond(),
      stepMs,
      etaSeconds: stepMs !== null && (record.state === 'running' || record.state === 'paused') ? (left * stepMs) / 1000 : null,
      lr: learningRateAt(settings.schedule, Math.min(record.step, recipe.budget.steps - 1), recipe.budget.steps),
      gradNorm: this.last?.gradNorm ?? null,
      lossScaling: this.last?.lossScale === undefined ? null : { scale: this.last.lossScale, skipped: this.last.skippedSteps ?? 0 },
      channels: recipe.channels.map(({ id, role }) => {
        const tokens = this.tokens.get(id) ?? 0;
        const epoch = record.trainTokens[id] ?? 0;
        return {
          id,
          role,
          share: settings.shares[id] ?? 0,
          trainLoss: this.lastLoss.get(id) ?? null,
          heldOutLoss: latest?.channels[id]?.loss ?? null,
          baseLoss: base?.channels[id]?.loss ?? null,
          tokens,
          epochs: epoch > 0 ? tokens / epoch : 0,
        };
      }),
      retention: base && latest ? meanRetention(base, latest, recipe.channels) : null,
      risk: latest?.probes ?? null,
      train: seriesOf(this.train),
      heldOut: seriesOf(this.heldOut),
      retentionSeries: this.retention.series(),
      riskSeries: this.risk.series(),
      markers: this.markers(record, checkpoints),
      checkpoints: [...checkpoints],
    };
  }

  private tokensPerSecond(): number | null {
    if (!this.last || this.last.stepMs <= 0) return null;
    const steps = this.last.step - (this.before?.step ?? 0);
    const tokens = Object.values(this.last.count).reduce((sum, count) => sum + count, 0);
    return steps > 0 ? tokens / ((steps * this.last.stepMs) / 1000) : null;
  }

  private markers(record: RunRecord, checkpoints: readonly CheckpointRecord[]): Marker[] {
    const markers: Marker[] = [
      ...changeMarkers(this.recipe, record.changes),
      ...this.evaluationSteps.map((step): Marker => ({ step, kind: 'evaluation', detail: '' })),
      ...checkpoints.map(({ step }): Marker => ({ step, kind: 'checkpoint', detail: '' })),
      ...this.events.map(({ event, step }): Marker => ({ step, kind: event, detail: '' })),
    ];
    return markers.sort((a, b) => a.step - b.step);
  }
}

export interface StoredHistory {
  rows: readonly MetricRow[];
  evaluations: readonly EvaluationRow[];
  events: readonly RunEvent[];
}

/** The snapshot of a stored run. */
export function buildSnapshot(record: RunRecord, history: StoredHistory, checkpoints: readonly CheckpointRecord[]): RunSnapshot {
  return restoreHistory(record.recipe, history).snapshot(record, checkpoints);
}

/** A history to go on with when a run is resumed. */
export function restoreHistory(recipe: Recipe, { rows, evaluations, events }: StoredHistory): RunHistory {
  const history = new RunHistory(recipe);
  for (const row of rows) history.addRow(row);
  for (const evaluation of evaluations) history.addEvaluation(evaluation);
  for (const event of events) history.addEvent(event);
  return history;
}

/** Settings that hold when step `step` (0-based) is computed: the recipe's, with the changes up to it. */
export function settingsAt(recipe: Recipe, changes: readonly LiveChange[], step: number): LiveSettings {
  let settings: LiveSettings = {
    shares: Object.fromEntries(recipe.channels.map(({ id, share }) => [id, share])),
    schedule: recipe.schedule,
  };
  for (const change of changes) if (change.step <= step) settings = { ...settings, ...change.settings };
  return settings;
}

function seriesOf(builders: ReadonlyMap<string, SeriesBuilder>): Record<string, Series> {
  return Object.fromEntries([...builders].map(([name, builder]) => [name, builder.series()]));
}

/** One marker per thing that a change moved, with its value before and after. */
function changeMarkers(recipe: Recipe, changes: readonly LiveChange[]): Marker[] {
  const markers: Marker[] = [];
  let now = settingsAt(recipe, [], 0);
  for (const { step, settings } of changes) {
    const next = { ...now, ...settings };
    const moved = recipe.channels.filter(({ id }) => Math.abs((now.shares[id] ?? 0) - (next.shares[id] ?? 0)) >= 5e-4);
    if (moved.length > 0) {
      const detail = moved.map(({ id }) => `${id} ${percent(now.shares[id])} → ${percent(next.shares[id])} %`).join(', ');
      markers.push({ step, kind: 'shares', detail });
    }
    markers.push(...scheduleMarkers(step, now.schedule, next.schedule, recipe.budget.steps));
    now = next;
  }
  return markers;
}

function scheduleMarkers(step: number, from: Schedule, to: Schedule, steps: number): Marker[] {
  const markers: Marker[] = [];
  if (from.peakLr !== to.peakLr) markers.push({ step, kind: 'lr', detail: `${from.peakLr} → ${to.peakLr}` });
  const [before, after] = [warmupSteps(from, steps), warmupSteps(to, steps)];
  if (before !== after) markers.push({ step, kind: 'warmup', detail: `${before} → ${after}` });
  if (shape(from) !== shape(to))
    markers.push({ step, kind: 'schedule', detail: from.kind === to.kind ? to.kind : `${from.kind} → ${to.kind}` });
  return markers;
}

function shape({ kind, minRatio, decayRatio, decayShape }: Schedule): string {
  return kind === 'constant' ? kind : kind === 'wsd' ? [kind, minRatio, decayRatio, decayShape].join() : [kind, minRatio].join();
}

function percent(share = 0): string {
  return String(Number((share * 100).toFixed(1)));
}
