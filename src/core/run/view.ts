/**
 * A run as pages show it, kept up to date from its feed. Parts that a message does not change stay the same objects, so that a page
 * draws again only what changed.
 */
import type { ErrorRecord } from '../errors';
import type { MaskedRound } from '../federated/secure';
import { domainGain, meanRetention, type DomainGain } from '../metrics/loss';
import type { SampledRisk } from '../metrics/forgetting-risk';
import { GrowingNumbers, GrowingSeries, type Series } from '../metrics/series';
import type { ChannelRole, Recipe } from '../recipe/schema';
import { sortEvents, type RunEvent } from './events';
import { unpackFigures, type ChannelFigures, type RunHeader, type RunMessage } from './feed';
import { eachRow, rowWidth, unpackRows, type PackedRow } from './metric-table';
import type { CheckpointRecord, EvaluationRow, LiveSettings, MetricRow, RunState, StopReason, WrittenText } from './types';

/** Name of the curve over all channels; no channel may have it as its id. */
export const TOTAL = 'total';

export interface ChannelMeter extends ChannelFigures {
  id: string;
  role: ChannelRole;
  /** A model wrote its text. */
  generated?: boolean;
  share: number;
  heldOutLoss: number | null;
  baseLoss: number | null;
}

export interface RunView {
  runId: string;
  name: string;
  /** Of a run that is trained elsewhere. */
  remote?: RunHeader['remote'];
  state: RunState;
  stopReason: StopReason | null;
  error: ErrorRecord | null;
  recipe: Recipe;
  /** In effect now. */
  settings: LiveSettings;
  /** Finished steps, and the budget. */
  step: number;
  steps: number;
  tokens: number;
  tokensPerSecond: number | null;
  stepMs: number | null;
  etaSeconds: number | null;
  lr: number;
  gradNorm: number | null;
  /** With precision f16, once a window was logged. */
  lossScaling: { scale: number; skipped: number } | null;
  channels: ChannelMeter[];
  /** Mean general retention now. */
  retention: number | null;
  /** Domain gain now; null before the base is measured and without a domain channel. */
  gain: DomainGain | null;
  /** Forgetting risk now, from the sample of probes; null where none is asked. */
  risk: SampledRisk | null;
  /** Loss of the base by channel id. */
  base: Readonly<Record<string, number>>;
  /** Loss by channel id, and `total`. */
  train: Readonly<Record<string, Series>>;
  heldOut: Readonly<Record<string, Series>>;
  /** What objectives say of held-out text beside its loss: name → channel id → values. */
  heldOutFigures: Readonly<Record<string, Readonly<Record<string, Series>>>>;
  windows: Windows;
  /** Channel id → UTF-8 bytes of a token of its held-out text; empty until an evaluation has counted them. */
  bytesPerToken: Readonly<Record<string, number>>;
  retentionSeries: Series;
  riskSeries: Series;
  /** KL divergence of the attention from the base's at each evaluation, nats by layer; empty where the recipe does not ask. */
  attention: readonly { step: number; layers: readonly number[] }[];
  /** Bits per byte of the adversarial set at each evaluation, by level; empty where the recipe does not ask. */
  adversarial: readonly { step: number; bits: readonly number[] }[];
  /** What the server saw of the round before the last evaluation; null where no clients mask what they send. */
  masked: { step: number; round: MaskedRound } | null;
  /** What was written after the recipe's prompts at each evaluation; empty where the recipe has none. */
  texts: readonly { step: number; texts: readonly WrittenText[] }[];
  /** Sorted by step. */
  events: readonly RunEvent[];
  checkpoints: readonly CheckpointRecord[];
}

/** Every logged window, for a chart that is zoomed or smoothed; one entry a window in each. */
export interface Windows {
  step: Float64Array;
  /** Tokens of all channels since the start. */
  tokens: Float64Array;
  /** Seconds of training since the start. */
  seconds: Float64Array;
  /** Channel id, and `total` → loss; NaN is a gap. */
  loss: Readonly<Record<string, Float64Array>>;
  /** What else was logged, by name; NaN where it was not. */
  logged: Readonly<Record<LoggedFigure, Float64Array>>;
  /** Channel id → its share of the window's tokens. */
  shares: Readonly<Record<string, Float64Array>>;
  /** Tokens of the domain channels since the start. */
  domainTokens: Float64Array;
  /** What objectives say beside their losses: name → channel id → mean; NaN where nothing was said. */
  figures: Readonly<Record<string, Readonly<Record<string, Float64Array>>>>;
}

/** Learning rate, gradient norm, tokens a second, and with precision f16 what the loss is multiplied by. */
export const LOGGED_FIGURES = ['lr', 'gradNorm', 'tokensPerSecond', 'lossScale'] as const;
export type LoggedFigure = (typeof LOGGED_FIGURES)[number];

/** The run of a message that holds the whole of it. */
export function viewOf(message: RunMessage): RunView {
  return new FollowedRun(message).view;
}

/** What objectives said, by the step of its row. */
const saidIn = ({ said }: RunMessage) => new Map(said?.map(({ step, figures }) => [step, figures]));

/** Rows that are read at a stretch: a few milliseconds of work. */
const STRETCH = 2048;

/** The same, a stretch of its rows at a time, so that a long run leaves a page alive. @param rest called between stretches */
export async function openView(message: RunMessage, rest: () => Promise<void>): Promise<RunView> {
  const { rows, header } = message;
  const stretch = STRETCH * rowWidth(header?.recipe.channels.length ?? 0);
  const said = saidIn(message);
  const run = new FollowedRun({ ...message, rows: rows.subarray(0, stretch) });
  for (let at = stretch; at < rows.length; at += stretch) {
    await rest();
    run.addRows(rows.subarray(at, at + stretch), said);
  }
  return run.reread();
}

export class FollowedRun {
  private readonly header: RunHeader;
  private readonly ids: readonly string[];
  private readonly curves: { train: Map<string, GrowingSeries>; heldOut: Map<string, GrowingSeries> };
  private readonly logged: Record<'step' | 'tokens' | 'seconds' | 'domainTokens' | LoggedFigure, GrowingNumbers>;
  private readonly losses: ReadonlyMap<string, GrowingNumbers>;
  private readonly shares: ReadonlyMap<string, GrowingNumbers>;
  /** By the channels' order: is it a domain channel? */
  private readonly domains: readonly boolean[];
  /** By name and channel. */
  private readonly said = new Map<string, Map<string, GrowingNumbers>>();
  private heldOutFigures: RunView['heldOutFigures'] = {};
  private bytesPerToken: Readonly<Record<string, number>> = {};
  private readonly retention = new GrowingSeries();
  private readonly risk = new GrowingSeries();
  private attention: RunView['attention'] = [];
  private adversarial: RunView['adversarial'] = [];
  private masked: RunView['masked'] = null;
  private texts: RunView['texts'] = [];
  private readonly happened: RunEvent[];
  private readonly measured: RunEvent[] = [];
  private base: EvaluationRow | null;
  private latest: EvaluationRow | null = null;
  private last: MetricRow | null = null;
  private partial: RunMessage['partial'] = null;
  private revision: number;
  private shown: RunView;

  /** @param whole a message with a header; @throws RangeError when it is an increment */
  constructor(whole: RunMessage) {
    const { header, settings } = whole;
    if (!header || !settings) throw new RangeError(`Message ${whole.revision} of a run's feed does not begin it: it has no header`);
    const { recipe, createdAt, base } = header;
    this.header = header;
    this.ids = recipe.channels.map(({ id }) => id);
    const curves = () => new Map([...this.ids, TOTAL].map((id) => [id, new GrowingSeries()]));
    this.curves = { train: curves(), heldOut: curves() };
    const numbers = (ids: readonly string[]) => new Map(ids.map((id) => [id, new GrowingNumbers()]));
    this.logged = {
      step: new GrowingNumbers(),
      tokens: new GrowingNumbers(),
      seconds: new GrowingNumbers(),
      domainTokens: new GrowingNumbers(),
      lr: new GrowingNumbers(),
      gradNorm: new GrowingNumbers(),
      tokensPerSecond: new GrowingNumbers(),
      lossScale: new GrowingNumbers(),
    };
    this.losses = numbers([...this.ids, TOTAL]);
    this.shares = numbers(this.ids);
    this.domains = recipe.channels.map(({ role }) => role === 'domain');
    this.happened = [{ type: 'started', step: 0, at: createdAt }];
    this.base = base;
    this.revision = whole.revision;
    this.shown = this.read(whole, {
      settings,
      base: lossesOf(base, null),
      train: seriesOf(this.curves.train),
      heldOut: seriesOf(this.curves.heldOut),
      windows: this.windows(),
      events: this.happened.slice(),
      checkpoints: [],
    });
  }

  get view(): RunView {
    return this.shown;
  }

  /** @returns false when the message does not follow the last one: the run must be read anew, from its whole */
  apply(message: RunMessage): boolean {
    if (message.header || message.revision !== this.revision + 1) return false;
    this.revision = message.revision;
    this.shown = this.read(message, this.shown);
    return true;
  }

  /** Rows of a whole message that follow those it was begun with; `reread` then shows them. */
  addRows(rows: Float64Array, said: ReturnType<typeof saidIn>): void {
    eachRow(rows, this.ids.length, (row) => this.addRow(row, said.get(row.step)));
    if (rows.length > 0) this.last = unpackRows(rows.subarray(-rowWidth(this.ids.length)), this.ids)[0]!;
  }

  reread(): RunView {
    this.shown = { ...this.shown, ...this.lastFigures(), train: seriesOf(this.curves.train), windows: this.windows() };
    return this.shown;
  }

  private lastFigures(): Pick<RunView, 'gradNorm' | 'lossScaling'> {
    const { last } = this;
    return {
      gradNorm: last?.gradNorm ?? null,
      lossScaling: last?.lossScale === undefined ? null : { scale: last.lossScale, skipped: last.skippedSteps ?? 0 },
    };
  }

  /** The view after a message. @param former parts that stay where the message does not change them */
  private read(
    message: RunMessage,
    former: Pick<RunView, 'settings' | 'base' | 'train' | 'heldOut' | 'windows' | 'events' | 'checkpoints'>,
  ): RunView {
    const { runId, name, recipe, remote } = this.header;
    const { state, stopReason, error, partial, pruned } = message;
    const { rows } = message;
    this.addRows(rows, saidIn(message));
    for (const evaluation of message.evaluations) this.addEvaluation(evaluation);
    this.happened.push(...message.events);
    const remeasured = message.evaluations.length > 0 || partial !== null || this.partial !== null;
    this.partial = partial;
    const settings = message.settings ?? former.settings;
    const checkpoints =
      message.checkpoints.length > 0 || pruned.length > 0 ? replaced(former.checkpoints, message.checkpoints, pruned) : former.checkpoints;
    const eventful = message.events.length > 0 || message.evaluations.length > 0 || checkpoints !== former.checkpoints;
    const base = remeasured ? lossesOf(this.base, partial) : former.base;
    const { step, tokens, tokensPerSecond, stepMs, etaSeconds, lr, channels } = unpackFigures(message.figures);
    const { base: atStart, latest } = this;
    return {
      runId,
      name,
      ...(remote ? { remote } : {}),
      state,
      stopReason,
      error,
      recipe,
      settings,
      step,
      steps: recipe.budget.steps,
      tokens,
      tokensPerSecond,
      stepMs,
      etaSeconds,
      lr,
      ...this.lastFigures(),
      channels: recipe.channels.map(({ id, role, generated }, at) => ({
        id,
        role,
        ...(generated ? { generated: true } : {}),
        share: settings.shares[id] ?? 0,
        ...channels[at]!,
        heldOutLoss: partial?.loss[id] ?? latest?.channels[id]?.loss ?? null,
        baseLoss: base[id] ?? null,
      })),
      retention: atStart && latest ? meanRetention(atStart, latest, recipe.channels) : null,
      gain: atStart && latest ? domainGain(atStart, latest, recipe.channels) : null,
      risk: latest?.probes ?? null,
      base,
      train: rows.length > 0 ? seriesOf(this.curves.train) : former.train,
      heldOutFigures: this.heldOutFigures,
      heldOut: remeasured ? withPartial(seriesOf(this.curves.heldOut), partial) : former.heldOut,
      windows: rows.length > 0 ? this.windows() : former.windows,
      bytesPerToken: this.bytesPerToken,
      retentionSeries: this.retention.series(),
      riskSeries: this.risk.series(),
      attention: this.attention,
      adversarial: this.adversarial,
      masked: this.masked,
      texts: this.texts,
      events: eventful ? sortEvents([...this.happened, ...this.measured, ...checkpoints.map(savedEvent)]) : former.events,
      checkpoints,
    };
  }

  /** A long run has a hundred thousand of them: nothing is made for a row but its points. */
  private addRow(row: PackedRow, figures: MetricRow['figures']): void {
    const { logged, losses, shares, curves } = this;
    const took = (Math.max(0, row.step - this.logged.step.last(0)) * row.stepMs) / 1000;
    let [counted, ofDomain] = [0, 0];
    this.ids.forEach((_, at) => {
      counted += row.count(at);
      if (this.domains[at]) ofDomain += row.count(at);
    });
    logged.seconds.push(logged.seconds.last(0) + took);
    logged.step.push(row.step);
    logged.tokens.push(row.tokens);
    logged.domainTokens.push(logged.domainTokens.last(0) + ofDomain);
    logged.lr.push(row.lr);
    logged.gradNorm.push(row.gradNorm);
    logged.tokensPerSecond.push(took > 0 && counted > 0 ? counted / took : NaN);
    logged.lossScale.push(row.lossScale);
    const add = (id: string, found: number | null) => {
      curves.train.get(id)!.push(row.step, found);
      losses.get(id)!.push(found !== null && Number.isFinite(found) ? found : NaN);
    };
    this.ids.forEach((id, at) => {
      shares.get(id)!.push(counted > 0 ? row.count(at) / counted : NaN);
      add(id, row.loss(at));
    });
    add(TOTAL, row.total);
    this.addFigures(figures ?? {});
  }

  /** Of the window that was added last. */
  private addFigures(figures: NonNullable<MetricRow['figures']>): void {
    const windows = this.logged.step.length;
    for (const [channel, named] of Object.entries(figures))
      for (const name of Object.keys(named)) {
        const channels = this.said.get(name) ?? new Map<string, GrowingNumbers>();
        this.said.set(name, channels.set(channel, channels.get(channel) ?? new GrowingNumbers()));
      }
    for (const [name, channels] of this.said)
      for (const [channel, values] of channels) {
        while (values.length < windows - 1) values.push(NaN);
        values.push(figures[channel]?.[name] ?? NaN);
      }
  }

  private windows(): Windows {
    const { step, tokens, seconds, domainTokens } = this.logged;
    const views = (of: ReadonlyMap<string, GrowingNumbers>) => Object.fromEntries([...of].map(([id, values]) => [id, values.view()]));
    return {
      step: step.view(),
      tokens: tokens.view(),
      seconds: seconds.view(),
      loss: views(this.losses),
      logged: Object.fromEntries(LOGGED_FIGURES.map((name) => [name, this.logged[name].view()])) as Windows['logged'],
      shares: views(this.shares),
      domainTokens: domainTokens.view(),
      figures: Object.fromEntries([...this.said].map(([name, channels]) => [name, views(channels)])),
    };
  }

  private addEvaluation(evaluation: EvaluationRow): void {
    const { step, channels, probes, attention, adversarial, masked, texts } = evaluation;
    let nll = 0;
    let tokens = 0;
    for (const id of this.ids) {
      const channel = channels[id];
      this.curves.heldOut.get(id)!.push(step, channel?.loss ?? null);
      nll += (channel?.loss ?? 0) * (channel?.tokens ?? 0);
      tokens += channel?.tokens ?? 0;
    }
    this.heldOutFigures = withFigures(this.heldOutFigures, step, channels);
    this.curves.heldOut.get(TOTAL)!.push(step, tokens > 0 ? nll / tokens : null);
    this.base ??= evaluation;
    this.latest = evaluation;
    if (Object.keys(this.bytesPerToken).length === 0)
      this.bytesPerToken = Object.fromEntries(
        Object.entries(channels).flatMap(([id, channel]) =>
          channel.tokens > 0 && channel.bytes > 0 ? [[id, channel.bytes / channel.tokens]] : [],
        ),
      );
    const retention = meanRetention(this.base, evaluation, this.header.recipe.channels);
    this.retention.push(step, retention);
    if (probes) this.risk.push(step, probes.risk?.value ?? null);
    if (adversarial) this.adversarial = [...this.adversarial, { step, bits: adversarial }];
    if (attention) this.attention = [...this.attention, { step, layers: attention }];
    if (masked) this.masked = { step, round: masked };
    if (texts) this.texts = [...this.texts, { step, texts }];
    this.measured.push({ type: 'evaluation', step, at: null, retention });
  }
}

/** With what was said at an evaluation; the same object where nothing was. */
function withFigures(before: RunView['heldOutFigures'], step: number, channels: EvaluationRow['channels']): RunView['heldOutFigures'] {
  const figures: Record<string, Record<string, Series>> = {};
  for (const [id, { figures: said = {} }] of Object.entries(channels))
    for (const [name, value] of Object.entries(said)) {
      const { x, y } = before[name]?.[id] ?? { x: [], y: [] };
      figures[name] = { ...(figures[name] ?? before[name]), [id]: { x: [...x, step], y: [...y, value] } };
    }
  return Object.keys(figures).length === 0 ? before : { ...before, ...figures };
}

function seriesOf(curves: ReadonlyMap<string, GrowingSeries>): Record<string, Series> {
  return Object.fromEntries([...curves].map(([name, curve]) => [name, curve.series()]));
}

/** The evaluation in progress as the curves' last points. */
function withPartial(heldOut: Record<string, Series>, partial: RunMessage['partial']): Record<string, Series> {
  for (const [id, loss] of Object.entries(partial?.loss ?? {})) {
    const series = heldOut[id];
    if (series) heldOut[id] = { x: [...series.x, partial!.step], y: [...series.y, loss] };
  }
  return heldOut;
}

/** The base's losses; those of its evaluation in progress until it is complete. */
function lossesOf(base: EvaluationRow | null, partial: RunMessage['partial']): Record<string, number> {
  if (base) return Object.fromEntries(Object.entries(base.channels).map(([id, { loss }]) => [id, loss]));
  return partial?.step === 0 ? partial.loss : {};
}

function replaced(
  former: readonly CheckpointRecord[],
  saved: readonly CheckpointRecord[],
  pruned: readonly number[],
): readonly CheckpointRecord[] {
  const gone = new Set([...pruned, ...saved.map(({ step }) => step)]);
  return [...former.filter(({ step }) => !gone.has(step)), ...saved].sort((a, b) => a.step - b.step);
}

function savedEvent({ step, at, reason, bytes }: CheckpointRecord): RunEvent {
  return { type: 'checkpoint', step, at, reason, bytes };
}
