/** What a run suffers from: each finding with the curves that show it, from where to where, and one change of the recipe. */
import { RETENTION_LINE } from '../metrics/loss';
import { detectSymptoms, type Symptom, type SymptomKind } from './symptoms';
import type { Recipe } from '../recipe/schema';
import type { Series } from '../metrics/series';
import { withSettings } from '../run/live-changes';
import type { RunView } from '../run/view';
import { adviceFor, otherWays, type Advice } from './advice';

/** A stretch of a curve: where to look. */
export interface Evidence {
  curve: 'train' | 'held-out' | 'retention';
  /** Channel id, or `total`; empty for retention. */
  channel: string;
  from: { step: number; value: number };
  to: { step: number; value: number };
}

export interface Finding extends Symptom {
  evidence: Evidence[];
  advice: Advice | null;
  /** Methods that the run did not use. */
  others: Advice[];
}

/** Nothing is wrong with these. */
const HEALTHY: ReadonlySet<SymptomKind> = new Set(['preparing', 'baseline', 'on-course', 'even']);

/** Does the symptom say that something is wrong with the run? */
export const isFinding = ({ kind }: Symptom): boolean => !HEALTHY.has(kind);

/** Findings in order of weight; empty when nothing stands out. */
export function diagnose(run: RunView): Finding[] {
  const recipe = recipeAtEnd(run);
  return detectSymptoms(run)
    .filter(isFinding)
    .map((symptom) => ({
      ...symptom,
      evidence: evidenceOf(symptom, run),
      advice: adviceFor(symptom.kind, recipe, symptom.values),
      others: otherWays(symptom.kind, recipe),
    }));
}

/** The recipe with the settings that the run ended with. */
export function recipeAtEnd({ recipe, settings, step }: RunView): Recipe {
  return withSettings(recipe, settings, step);
}

function evidenceOf({ kind, values }: Symptom, run: RunView): Evidence[] {
  const { channels, heldOut, train, retentionSeries } = run;
  const channel = String(values['channel'] ?? '');
  const byRole = (role: 'general' | 'domain') => channels.filter((meter) => meter.role === role).map(({ id }) => id);
  const whole = (ids: readonly string[]) => ids.flatMap((id) => stretch('held-out', id, heldOut[id]));
  switch (kind) {
    case 'forgetting':
      return [...stretch('retention', '', lastAbove(retentionSeries)), ...whole(byRole('general')), ...whole(byRole('domain'))];
    case 'spike':
    case 'recovering':
      return stretch('held-out', channel, untilHighest(heldOut[channel]));
    case 'domain-flat':
      return whole(byRole('domain'));
    case 'memorising':
      return [...stretch('train', channel, train[channel]), ...whole([channel])];
    case 'growing':
    case 'diverged':
      return stretch('train', 'total', fromLowest(train['total']));
    case 'lr-zero':
    case 'oscillating':
      return whole(channels.map(({ id }) => id));
    case 'uneven-base':
      return byRole('general').flatMap((id) => stretch('held-out', id, first(heldOut[id])));
    default:
      return [];
  }
}

/** First and last point of a series that are no gaps. */
function stretch(curve: Evidence['curve'], channel: string, series: Series | undefined): Evidence[] {
  const points = pointsOf(series);
  const [from, to] = [points[0], points.at(-1)];
  return from && to ? [{ curve, channel, from, to }] : [];
}

function pointsOf(series: Series | undefined): { step: number; value: number }[] {
  return series ? series.x.flatMap((step, at) => (Number.isFinite(series.y[at]) ? [{ step, value: series.y[at]! }] : [])) : [];
}

const part = (series: Series, from: number, to: number): Series => ({ x: series.x.slice(from, to), y: series.y.slice(from, to) });

const first = (series: Series | undefined) => series && part(series, 0, 1);

/** From the last evaluation that kept enough to the end. */
function lastAbove(series: Series): Series {
  const at = series.y.findLastIndex((retention) => retention >= RETENTION_LINE);
  return part(series, Math.max(0, at), series.x.length);
}

function untilHighest(series: Series | undefined): Series | undefined {
  return series && part(series, 0, series.y.indexOf(Math.max(...series.y.filter(Number.isFinite))) + 1);
}

function fromLowest(series: Series | undefined): Series | undefined {
  return series && part(series, Math.max(0, series.y.indexOf(Math.min(...series.y.filter(Number.isFinite)))), series.x.length);
}
