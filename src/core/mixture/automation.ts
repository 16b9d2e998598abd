/**
 * Automation of the faders: rules that give the shares of the next steps from what the run has measured (METHOD, "Automation"). All is a function of the
 * recipe, the logged rows, the evaluations and the shares that were in effect: a run that is resumed reads its history again and decides the same.
 */
import { meanRetention } from '../metrics/loss';
import { sharesOf } from '../recipe/edits';
import type { Automation, Recipe } from '../recipe/schema';
import type { EvaluationRow, LiveSettings, MetricRow } from '../run/types';
import { normaliseShares, type Shares } from './mixture';

/** p ∝ prior · exp(loss / T). @param losses nats per token */
export function softmaxShares(prior: readonly number[], losses: readonly number[], temperature: number): number[] {
  const highest = Math.max(...losses);
  return normalised(prior.map((share, k) => share * Math.exp((losses[k]! - highest) / temperature)));
}

/** A step of DoReMi (2305.10429): α' ∝ α · exp(η · max(excess, 0)), then (1 − c) · α' + c / K. @param excess loss over the base's */
export function doremiStep(alpha: readonly number[], excess: readonly number[], rate: number, smoothing: number): number[] {
  const grown = normalised(alpha.map((share, k) => share * Math.exp(rate * Math.max(0, excess[k]!))));
  return grown.map((share) => (1 - smoothing) * share + smoothing / alpha.length);
}

/** L(n) = ε + β · n^−α of one channel's own loss over the tokens n of it that were trained on. */
export interface PowerLaw {
  epsilon: number;
  beta: number;
  alpha: number;
}

/** Least exponent in the speed, weights of history and of the present, and least share: ADO's own (2410.11820). */
const ADO = { least: 0.05, credit: 0.5, old: 0.9, floor: 0.01 };

/** What ADO carries from decision to decision: mean of its preferences, and share of the text seen of late, by channel. */
export interface AdoState {
  average: readonly number[];
  seen: readonly number[];
  decisions: number;
}

/** A decision of ADO: d ∝ max(α, .05) · (L − ε) / n · μ · h^.5, p = .9 · average + .1 · d, at least .01. @param counts share of each in the last window */
export function adoStep(
  prior: readonly number[],
  laws: readonly PowerLaw[],
  tokens: readonly number[],
  counts: readonly number[],
  { average, seen, decisions }: AdoState,
): { shares: number[]; preference: number[]; state: AdoState } {
  const speed = laws.map(({ beta, alpha }, k) => {
    const left = beta * tokens[k]! ** -alpha;
    return ((Math.max(alpha, ADO.least) * left) / tokens[k]!) * prior[k]! * seen[k]! ** ADO.credit;
  });
  const preference = speed.some((one) => one > 0) ? normalised(speed) : [...prior];
  const mixed = preference.map((d, k) => Math.max(ADO.floor, ADO.old * average[k]! + (1 - ADO.old) * d));
  return {
    shares: normalised(mixed),
    preference,
    state: {
      average: average.map((mean, k) => mean + (preference[k]! - mean) / (decisions + 1)),
      seen: seen.map((h, k) => ADO.old * h + (1 - ADO.old) * counts[k]!),
      decisions: decisions + 1,
    },
  };
}

/** Exponents that the power law is looked for at, 0.02 to 1, evenly in their logarithm. */
const EXPONENTS = Array.from({ length: 40 }, (_, at) => 0.02 * 50 ** (at / 39));
/** Points of a curve that are enough to fit it. */
const MOST_POINTS = 256;

/** Least squares of ε + β · n^−α with ε, β ≥ 0, over a grid of α; null with fewer than four points. */
export function fitPowerLaw(curve: readonly { tokens: number; loss: number }[]): PowerLaw | null {
  if (curve.length < 4) return null;
  const every = Math.ceil(curve.length / MOST_POINTS);
  const points = curve.filter((_, at) => at % every === 0);
  const mean = (of: readonly number[]) => of.reduce((sum, one) => sum + one, 0) / of.length;
  const losses = points.map(({ loss }) => loss);
  const level = mean(losses);
  let best: (PowerLaw & { error: number }) | null = null;
  for (const alpha of EXPONENTS) {
    const x = points.map(({ tokens }) => tokens ** -alpha);
    const middle = mean(x);
    const spread = x.reduce((sum, one) => sum + (one - middle) ** 2, 0);
    const slope = x.reduce((sum, one, at) => sum + (one - middle) * (losses[at]! - level), 0) / spread;
    let beta = Math.max(0, slope);
    let epsilon = level - beta * middle;
    if (epsilon < 0) {
      epsilon = 0;
      beta = x.reduce((sum, one, at) => sum + one * losses[at]!, 0) / x.reduce((sum, one) => sum + one * one, 0);
    }
    const error = x.reduce((sum, one, at) => sum + (losses[at]! - epsilon - beta * one) ** 2, 0);
    if (!best || error < best.error) best = { epsilon, beta, alpha, error };
  }
  return best && { epsilon: best.epsilon, beta: best.beta, alpha: best.alpha };
}

/**
 * The controller that holds retention moves the domain's share, in logits, by gain · (log retention's distance from the line + `lead` times its change since
 * the last evaluation), at most by `limit`. The gain begins at 4 a nat and halves whenever two moves that count (`swing`) go opposite ways, so that it fits
 * runs whose retention answers a move of the fader fifty times as strongly, or over twenty evaluations (make_automation_fixtures.py has the step responses).
 */
const CONTROL = { gain: 4, lead: 3, limit: 0.6, swing: 0.03 };

const logit = (share: number): number => Math.log(share / (1 - share));
const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/** What the controller carries from evaluation to evaluation: the last retention, the gain, and its last move in logits. */
export interface ControlState {
  retention: number;
  gain: number;
  move: number;
}

/**
 * The domain's next share by a PI controller in its velocity form: what it sums up is the share itself, so that a bound or a hand leaves nothing behind to
 * unwind. @param share in effect; @param retention measured now
 */
export function retentionStep(
  share: number,
  retention: number,
  before: ControlState,
  { retention: line, least, most }: Pick<Extract<Automation, { kind: 'hold-retention' }>, 'retention' | 'least' | 'most'>,
): { share: number; state: ControlState } {
  const { lead, limit, swing } = CONTROL;
  const wanted = before.gain * (Math.log(retention / line) + lead * Math.log(retention / before.retention));
  const move = Math.min(limit, Math.max(-limit, wanted));
  const swings = move * before.move < 0 && Math.min(Math.abs(move), Math.abs(before.move)) >= swing;
  const state = { retention, gain: swings ? before.gain / 2 : before.gain, move: swings ? move / 2 : move };
  const [low, high] = [Math.max(least, 1e-3), Math.min(most, 1 - 1e-3)];
  const from = logit(Math.min(high, Math.max(low, share)));
  return { share: Math.min(high, Math.max(low, logistic(from + state.move))), state };
}

/** Shares of the stages at a 0-based step. */
export function stagedShares(
  recipe: Pick<Recipe, 'channels'>,
  { stages, between }: Extract<Automation, { kind: 'stages' }>,
  step: number,
): Shares {
  const whole = (shares: Shares): Shares => Object.fromEntries(recipe.channels.map(({ id }) => [id, shares[id] ?? 0]));
  const at = stages.findLastIndex((stage) => stage.step <= step);
  const [from, to] = [stages[at], stages[at + 1]];
  const start = from ? whole(from.shares) : sharesOf(recipe);
  if (between === 'hold' || !to) return start;
  const along = (step - (from?.step ?? 0)) / (to.step - (from?.step ?? 0));
  const end = whole(to.shares);
  return Object.fromEntries(Object.keys(start).map((id) => [id, (1 - along) * start[id]! + along * end[id]!]));
}

/** A rule's figures in one line, without words: for the report and the model card. */
export function automationFigures(automation: Automation): string {
  if (automation.kind === 'stages') {
    const stage = ({ step, shares }: { step: number; shares: Shares }) =>
      `${step}: ${Object.entries(shares)
        .map(([id, share]) => `${id} ${(share * 100).toFixed(1)} %`)
        .join(', ')}`;
    return automation.stages.map(stage).join(automation.between === 'linear' ? ' → ' : '; ');
  }
  const { kind: _, ...figures } = automation;
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

/** Every set of shares whose channels the rule may draw from, so that one without text is refused before the first step. */
export function reachedShares(recipe: Recipe): Shares[] {
  const { automation } = recipe;
  if (!automation) return [];
  if (automation.kind === 'stages') return automation.stages.map(({ shares }) => shares);
  return automation.kind === 'hold-retention' ? [splitByRole(recipe, 0.5)] : [];
}

/** The domain channels have `share` together; each role's channels are in proportion to the recipe, evenly where it gives them nothing. */
function splitByRole({ channels }: Pick<Recipe, 'channels'>, share: number): Shares {
  const sums = { domain: 0, general: 0 };
  const counts = { domain: 0, general: 0 };
  for (const channel of channels) {
    sums[channel.role] += channel.share;
    counts[channel.role] += 1;
  }
  return Object.fromEntries(
    channels.map(({ id, role, share: own }) => {
      const part = sums[role] > 0 ? own / sums[role] : 1 / counts[role];
      return [id, part * (role === 'domain' ? share : 1 - share)];
    }),
  );
}

/** The rule's shares where no hand holds a channel; a held one keeps what it has, and the others share the rest as the rule has it. */
function besideHand(wanted: Shares, { shares, held = [] }: LiveSettings): Shares {
  if (held.length === 0) return normaliseShares(wanted);
  const free = Object.keys(wanted).filter((id) => !held.includes(id));
  const rest = 1 - held.reduce((sum, id) => sum + (shares[id] ?? 0), 0);
  const sum = free.reduce((total, id) => total + wanted[id]!, 0);
  if (free.length === 0 || sum === 0 || rest <= 0) return shares;
  return { ...shares, ...Object.fromEntries(free.map((id) => [id, (wanted[id]! / sum) * rest])) };
}

/** Shares that differ by less are left as they are: the run would not draw other rows for it. */
const LEAST_MOVE = 1e-4;

/** What a run measured at a step: a logged window, an evaluation, or neither. */
export interface Measured {
  row: MetricRow | null;
  evaluation: EvaluationRow | null;
}

/** The rule of one run, told of its steps in their order. */
export class MixtureRule {
  private readonly automation: Automation;
  /** Channels that the rule shares out among: those that the recipe gives a share. */
  private readonly ids: readonly string[];
  private readonly prior: readonly number[];
  private readonly losses = new Map<string, number>();
  private readonly curves = new Map<string, { tokens: number; loss: number }[]>();
  private alpha: readonly number[];
  private ado: AdoState;
  /** Null before the first evaluation. */
  private control: ControlState | null = null;

  /** @param base the base's evaluation */
  constructor(
    private readonly recipe: Recipe,
    automation: Automation,
    private readonly base: EvaluationRow,
  ) {
    this.automation = automation;
    const own = recipe.channels.filter(({ share }) => share > 0);
    this.ids = own.map(({ id }) => id);
    this.prior = own.map(({ share }) => share);
    this.alpha = this.prior;
    this.ado = { average: this.prior, seen: this.prior, decisions: 0 };
    for (const id of this.ids) this.curves.set(id, []);
  }

  /** Shares from step `step` on; null where the rule has nothing to say or they stay. @param now settings in effect before it */
  decide(step: number, measured: Measured, now: LiveSettings): Shares | null {
    const wanted = this.wanted(step, measured, now);
    if (!wanted) return null;
    const shares = besideHand({ ...Object.fromEntries(this.recipe.channels.map(({ id }) => [id, 0])), ...wanted }, now);
    return Object.keys(shares).some((id) => Math.abs(shares[id]! - (now.shares[id] ?? 0)) > LEAST_MOVE) ? shares : null;
  }

  private wanted(step: number, { row, evaluation }: Measured, now: LiveSettings): Shares | null {
    const { automation, recipe } = this;
    const named = (shares: readonly number[]): Shares => Object.fromEntries(this.ids.map((id, k) => [id, shares[k]!]));
    switch (automation.kind) {
      case 'stages': {
        const due = automation.stages.some((stage) => stage.step === step) || step % recipe.logging.everySteps === 0;
        return due ? stagedShares(recipe, automation, step) : null;
      }
      case 'softmax': {
        const losses = this.lossesOf(automation.losses, row, evaluation);
        return losses && named(softmaxShares(this.prior, losses, automation.temperature));
      }
      case 'doremi': {
        // At step 0 the model is the base.
        const losses = step > 0 ? this.lossesOf(automation.losses, row, evaluation) : null;
        if (!losses) return null;
        const excess = losses.map((loss, k) => loss - (this.base.channels[this.ids[k]!]?.loss ?? loss));
        this.alpha = doremiStep(this.alpha, excess, automation.rate, automation.smoothing);
        return named(this.alpha);
      }
      case 'ado':
        return row && this.adoShares(row);
      case 'hold-retention': {
        const retention = evaluation && meanRetention(this.base, evaluation, recipe.channels);
        if (retention === null) return null;
        const before = this.control ?? { retention, gain: CONTROL.gain, move: 0 };
        this.control = before;
        if (step === 0) return null;
        const share = recipe.channels.reduce((sum, { id, role }) => sum + (role === 'domain' ? (now.shares[id] ?? 0) : 0), 0);
        const next = retentionStep(share, retention, before, automation);
        this.control = next.state;
        return splitByRole(recipe, next.share);
      }
    }
  }

  /** Last known loss of each channel, the mean of the others' where it has none yet; null where nothing new was measured. */
  private lossesOf(kind: 'train' | 'held-out', row: MetricRow | null, evaluation: EvaluationRow | null): number[] | null {
    if (kind === 'train' ? !row : !evaluation) return null;
    for (const id of this.ids) {
      const loss = kind === 'train' ? row!.loss[id] : evaluation!.channels[id]?.loss;
      if (loss !== null && loss !== undefined && Number.isFinite(loss)) this.losses.set(id, loss);
    }
    const known = [...this.losses.values()];
    if (known.length === 0) return null;
    const mean = known.reduce((sum, loss) => sum + loss, 0) / known.length;
    return this.ids.map((id) => this.losses.get(id) ?? mean);
  }

  private adoShares(row: MetricRow): Shares | null {
    const seen = this.ids.map((id) => row.count[id] ?? 0);
    const total = seen.reduce((sum, count) => sum + count, 0);
    this.ids.forEach((id, k) => {
      const curve = this.curves.get(id)!;
      const loss = row.loss[id];
      if (loss !== null && loss !== undefined && Number.isFinite(loss))
        curve.push({ tokens: (curve.at(-1)?.tokens ?? 0) + seen[k]!, loss });
    });
    const laws = this.ids.map((id) => fitPowerLaw(this.curves.get(id)!));
    // Until every channel's curve can be fitted the shares are the recipe's.
    if (total === 0 || laws.some((law) => law === null)) return null;
    const tokens = this.ids.map((id) => this.curves.get(id)!.at(-1)!.tokens);
    const { shares, state } = adoStep(
      this.prior,
      laws as PowerLaw[],
      tokens,
      seen.map((count) => count / total),
      this.ado,
    );
    this.ado = state;
    return Object.fromEntries(this.ids.map((id, k) => [id, shares[k]!]));
  }
}

function normalised(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
