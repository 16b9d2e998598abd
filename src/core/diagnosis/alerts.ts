/**
 * What a person wants to be called for while a run trains: rules read off the run as pages show it, each told once when it begins to hold,
 * and again only after it has ceased to. Losses are nats per token.
 */
import { detectSymptoms } from './symptoms';
import type { Series } from '../metrics/series';
import { smoothed } from '../metrics/smoothing';
import { isActive } from '../run/types';
import { TOTAL, type RunView } from '../run/view';

export type AlertKind =
  | 'retention' // general retention below the person's line
  | 'not-finite' // a loss or a gradient is no number
  | 'divergence' // train losses climb away from their lowest
  | 'plateau'; // the domain's held-out loss no longer falls

export interface AlertRules {
  on: Record<AlertKind, boolean>;
  /** Mean general retention below which the person is called. */
  retentionLine: number;
}

export interface RunAlert {
  kind: AlertKind;
  run: { id: string; name: string };
  /** At which it was seen first. */
  step: number;
  /** `retention` and its `line`, the `rise` in nats, the `evaluations` without a fall. */
  values: Readonly<Record<string, number>>;
}

/** Weight of the debiased mean under which a train loss is seen, logged windows that it needs, and those before its lowest counts. */
const SMOOTHING = { kind: 'ema', weight: 0.9 } as const;
const LEAST_WINDOWS = 10;
const BURN_IN = 5;
/** Rise of the smoothed train losses over their lowest, mean of the channels, that is divergence. */
const RISE = 0.5;
/** Training text may be as much harder than the held-out text on which the base was measured. */
const HARDER = 0.5;
/** Evaluations in a row that lowered the domain's best held-out loss by no more than so much are a plateau. */
const EVALUATIONS = 4;
const FALL = 0.01;

/** Looks at one run after the other, whichever is under way in this tab. */
export class AlertWatch {
  private run: string | null = null;
  /** Seen while it was under way: a stored run calls nobody. */
  private live = false;
  private holding = new Set<AlertKind>();

  /** @returns what has begun to hold since the last look */
  look(run: RunView, rules: AlertRules): RunAlert[] {
    if (run.runId !== this.run) {
      this.run = run.runId;
      this.live = false;
      this.holding = new Set();
    }
    this.live ||= isActive(run.state);
    if (!this.live) return [];
    const found = alertsNow(run, rules);
    const fresh = found.filter(({ kind }) => !this.holding.has(kind));
    this.holding = new Set(found.map(({ kind }) => kind));
    return fresh;
  }
}

/** The rules that hold for a run now, in the order of their weight. */
export function alertsNow(run: RunView, { on, retentionLine }: AlertRules): RunAlert[] {
  const alerts: RunAlert[] = [];
  const tell = (kind: AlertKind, step: number, values: RunAlert['values'] = {}) =>
    alerts.push({ kind, run: { id: run.runId, name: run.name }, step, values });

  const broken = on['not-finite'] ? brokenAt(run) : null;
  if (broken !== null) tell('not-finite', broken);
  const rise = on.divergence ? trainRise(run) : null;
  if (rise !== null && rise > RISE) tell('divergence', run.step, { rise });
  const measured = run.retentionSeries.x.at(-1) ?? 0;
  if (on.retention && measured > 0 && run.retention !== null && run.retention < retentionLine)
    tell('retention', measured, { retention: run.retention, line: retentionLine });
  const flat = on.plateau ? evaluationsWithoutFall(run) : 0;
  if (flat >= EVALUATIONS) tell('plateau', run.step, { evaluations: flat });
  return alerts;
}

/** Step of the last number that is none; null when all are. */
function brokenAt(run: RunView): number | null {
  const steps = Object.values(run.train).flatMap(({ broken = [] }) => broken.at(-1) ?? []);
  const failed = detectSymptoms(run).some(({ kind }) => kind === 'diverged');
  return failed ? run.step : steps.length > 0 ? Math.max(...steps) : null;
}

/** By channel, since a hand on a fader moves the loss over all of them without any getting worse; null before enough is logged. */
function trainRise({ train, base }: RunView): number | null {
  const rises = Object.entries(train).flatMap(([id, series]) => (id === TOTAL ? [] : (riseOf(series, base[id] ?? Infinity) ?? [])));
  return rises.length === 0 ? null : rises.reduce((sum, rise) => sum + rise, 0) / rises.length;
}

/** Over its lowest so far; a loss that leaps up at once has never been low, and is held against the base. */
function riseOf(series: Series, base: number): number | null {
  const losses = [...smoothed(series, SMOOTHING)].filter((loss) => !Number.isNaN(loss));
  if (losses.length < LEAST_WINDOWS) return null;
  return losses.at(-1)! - Math.min(base + HARDER, ...losses.slice(BURN_IN));
}

/** Complete evaluations since the mean held-out loss of the domain channels last fell clearly below its best. */
function evaluationsWithoutFall({ channels, heldOut }: RunView): number {
  const curves = channels.flatMap(({ id, role }) => (role === 'domain' && heldOut[id] ? [heldOut[id].y] : []));
  const length = Math.min(...curves.map((curve) => curve.length));
  let best = Infinity;
  let since = 0;
  for (let at = 0; curves.length > 0 && at < length; at++) {
    const loss = curves.reduce((sum, curve) => sum + curve[at]!, 0) / curves.length;
    if (best - loss > FALL) {
      best = loss;
      since = 0;
    } else if (Number.isFinite(loss)) since += 1;
  }
  return since;
}
