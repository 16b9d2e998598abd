/**
 * The plan as it is typed: text in fields, read into the plan that `core/sweep` checks. What is refused is laid at the field that it was typed
 * in. What the plan costs is told from speeds that were measured on this device.
 */
import { create } from 'zustand';
import { errorRecord, StudioError, type ErrorRecord } from '../core/errors';
import type { Recipe } from '../core/recipe/schema';
import { plannedRuns, sweepCost, type PlannedRun, type SweepCost } from '../core/sweep/plan';
import { parseSweep, refuseSweep, sweepPresets, type SweepInput, type SweepPlan, type SweepPreset } from '../core/sweep/schema';
import { rungSteps, runsOnRungs } from '../core/sweep/search';

type AxisInput = SweepInput['axes'][number];

/** An axis in the editor: its forms side by side, so that changing between them loses nothing. */
export interface DraftAxis {
  field: string;
  kind: 'values' | 'factors' | 'range' | 'mixtures';
  /** Numbers as typed: "0, 10 %, 1/6, 10^-0.5". */
  text: string;
  /** Of a field with choices. */
  choices: (string | boolean)[];
  low: string;
  high: string;
  scale: 'uniform' | 'log-uniform' | 'integer';
  points: string;
  /** Channel → share as typed, a mixture a row. */
  mixtures: Record<string, string>[];
}

export interface PlanDraft {
  name: string;
  base: Recipe;
  axes: DraftAxis[];
  method: 'grid' | 'list' | 'random' | 'sobol';
  /** Of random and Sobol. */
  runs: string;
  /** Of random. */
  draw: string;
  seeds: string;
  halving: { kind: 'successive-halving' | 'asha'; reduction: string; steps: string; retention: string } | null;
  /** Whose weights are kept of the runs that have ended. */
  keep: NonNullable<SweepPlan['keep']>;
  limits: { runs: string; tokens: string; minutes: string };
}

/** Reads "16.7 %", "1/6", "10^-0.5" and plain numbers; what is none stays text, so that the check names it. */
export function readNumber(text: string): number | string {
  const given = text.trim().replace('−', '-');
  const [, part, whole] = /^(-?[\d.eE+-]+)\/([\d.]+)$/.exec(given) ?? [];
  if (part !== undefined) return Number(part) / Number(whole);
  const [, root, power] = /^([\d.]+)\^(-?[\d.]+)$/.exec(given) ?? [];
  if (root !== undefined) return Number(root) ** Number(power);
  const [, percent] = /^(-?[\d.eE+-]+)\s*[%％]$/.exec(given) ?? [];
  const value = percent === undefined ? Number(given) : Number((Number(percent) / 100).toPrecision(12));
  return given === '' || Number.isNaN(value) ? given : value;
}

/** A number so that `readNumber` gives back the same: short fractions and half powers of ten by name. */
export function writeNumber(value: number): string {
  const plain = String(value);
  if (plain.length <= 10) return plain;
  for (let whole = 2; whole <= 12; whole++) {
    const part = Math.round(value * whole);
    if (part > 0 && part / whole === value) return `${part}/${whole}`;
  }
  const power = Math.round(Math.log10(value) * 2) / 2;
  return 10 ** power === value ? `10^${power}` : plain;
}

/** Parts between commas, semicolons, lines or spaces; "10 %" is one. */
export function readNumbers(text: string): (number | string)[] {
  return text
    .replace(/\s+(?=[%％])/g, '')
    .split(/[\s,;，；、]+/)
    .filter((part) => part !== '')
    .map((part) => readNumber(part));
}

const optional = (text: string): number | undefined => (text.trim() === '' ? undefined : (readNumber(text) as number));

/** The plan that the fields say, unchecked: what is no number goes on as text, for the check to name. */
export function planOf({ name, base, axes, method, runs, draw, seeds, halving, keep, limits }: PlanDraft): SweepInput {
  const kept = Object.entries(limits).flatMap(([key, text]) => (text.trim() === '' ? [] : [[key, readNumber(text)]]));
  return {
    version: 1,
    name: name.trim(),
    base,
    axes: axes.map((axis) => axisOf(axis)),
    method:
      method === 'random'
        ? { kind: method, runs: readNumber(runs) as number, seed: readNumber(draw) as number }
        : method === 'sobol'
          ? { kind: method, runs: readNumber(runs) as number }
          : { kind: method },
    seeds: readNumbers(seeds) as number[],
    ...(halving
      ? {
          halving: {
            kind: halving.kind,
            reduction: readNumber(halving.reduction) as number,
            steps: readNumber(halving.steps) as number,
            retention: readNumber(halving.retention) as number,
          },
        }
      : {}),
    ...(keep === 'best' ? {} : { keep }),
    limits: Object.fromEntries(kept) as SweepInput['limits'],
  };
}

function axisOf({ field, kind, text, choices, low, high, scale, points, mixtures }: DraftAxis): AxisInput {
  switch (kind) {
    case 'values':
      return { field, values: choices.length > 0 ? choices : readNumbers(text) };
    case 'factors':
      return { field, factors: readNumbers(text) as number[] };
    case 'range': {
      const between = optional(points);
      return {
        field,
        low: readNumber(low) as number,
        high: readNumber(high) as number,
        scale,
        ...(between === undefined ? {} : { points: between }),
      };
    }
    case 'mixtures':
      return {
        mixtures: mixtures.map((mixture) =>
          Object.fromEntries(Object.entries(mixture).map(([id, share]) => [id, readNumber(share) as number])),
        ),
      };
  }
}

const EMPTY_AXIS: DraftAxis = {
  field: '',
  kind: 'values',
  text: '',
  choices: [],
  low: '',
  high: '',
  scale: 'uniform',
  points: '5',
  mixtures: [],
};

/** An axis over a field, with nothing typed yet. */
export function newAxis(field: string, base: number | null = null): DraftAxis {
  const rate = field.endsWith('peakLr');
  const ends = base !== null && base > 0 ? { low: writeNumber(base / 10), high: writeNumber(base * 10) } : {};
  return { ...EMPTY_AXIS, field, ...(rate ? { kind: 'range', scale: 'log-uniform', ...ends } : {}) };
}

/** The fields of a plan: of a preset, a file, or a sweep that is planned again. */
export function draftOf(plan: SweepInput, base: Recipe): PlanDraft {
  const { method = { kind: 'grid' }, halving, limits = {} } = plan;
  const written = (value: number | undefined) => (value === undefined ? '' : writeNumber(value));
  return {
    name: plan.name,
    base,
    axes: plan.axes.map((axis) => draftAxis(axis)),
    method: method.kind,
    runs: 'runs' in method ? String(method.runs) : '16',
    draw: method.kind === 'random' ? String(method.seed ?? 1) : '1',
    seeds: (plan.seeds ?? [1]).join(', '),
    halving: halving
      ? {
          kind: halving.kind,
          reduction: written(halving.reduction ?? 3),
          steps: written(halving.steps),
          retention: written(halving.retention ?? 0.95),
        }
      : null,
    keep: plan.keep ?? 'best',
    limits: { runs: written(limits.runs), tokens: written(limits.tokens), minutes: written(limits.minutes) },
  };
}

function draftAxis(axis: AxisInput): DraftAxis {
  if ('mixtures' in axis) {
    const mixtures = axis.mixtures.map((mixture) =>
      Object.fromEntries(Object.entries(mixture).map(([id, share]) => [id, writeNumber(share)])),
    );
    return { ...EMPTY_AXIS, kind: 'mixtures', mixtures };
  }
  const { field } = axis;
  if ('factors' in axis) return { ...EMPTY_AXIS, field, kind: 'factors', text: axis.factors.map(writeNumber).join(', ') };
  if ('low' in axis) {
    const { low, high, scale, points } = axis;
    return {
      ...EMPTY_AXIS,
      field,
      kind: 'range',
      low: writeNumber(low),
      high: writeNumber(high),
      scale,
      points: points === undefined ? '' : String(points),
    };
  }
  const choices = axis.values.filter((value) => typeof value === 'boolean' || typeof value === 'string');
  if (choices.length > 0) return { ...EMPTY_AXIS, field, choices };
  return {
    ...EMPTY_AXIS,
    field,
    text: axis.values.map((value) => (typeof value === 'number' ? writeNumber(value) : String(value))).join(', '),
  };
}

export const presetDraft = (preset: SweepPreset, base: Recipe, name: string): PlanDraft =>
  draftOf({ ...sweepPresets[preset](base), name }, sweepPresets[preset](base).base as Recipe);

/** Where a refusal is shown: an axis by its number, or a part of the plan. */
export type Place = number | 'name' | 'base' | 'axes' | 'method' | 'seeds' | 'halving' | 'limits';

export type CheckedPlan =
  | { plan: SweepPlan; runs: PlannedRun[]; cost: SweepCost; rungs: { steps: number; runs: number }[]; refusal: null }
  | { plan: null; refusal: { place: Place; error: ErrorRecord } };

/** @param speeds tokens/s that were measured; none where nothing was */
export function checkDraft(draft: PlanDraft, speeds: readonly number[]): CheckedPlan {
  try {
    draft.axes.forEach(checkTyped);
    const plan = parseSweep(planOf(draft));
    const runs = plannedRuns(plan);
    const cost = sweepCost(plan, runs, speeds);
    return { plan, runs, cost, rungs: rungsOf(plan, runs), refusal: null };
  } catch (error) {
    const record = errorRecord(error);
    return { plan: null, refusal: { place: placeOf(record, draft), error: record } };
  }
}

/** What the plan's check would tell only as a form that fits none. */
function checkTyped({ field, kind, text, choices, low, high, points, mixtures }: DraftAxis, at: number): void {
  const numbers = kind === 'range' ? [low, high, ...(points.trim() === '' ? [] : [points])] : [];
  const typed = kind === 'factors' ? readNumbers(text) : numbers.map(readNumber);
  const wrong = typed.find((value) => typeof value === 'string');
  if (kind !== 'mixtures' && field === '') refuseSweep(`axes.${at}`, '—', 'schedule.peakLr | domainShare | …');
  if (wrong !== undefined) refuseSweep(`axes.${at}`, wrong === '' ? '—' : String(wrong), '0.1, 10 %, 1/6');
  const none = kind === 'values' ? choices.length === 0 && readNumbers(text).length === 0 : kind === 'factors' && typed.length === 0;
  if (none || (kind === 'mixtures' && mixtures.length === 0)) refuseSweep(`axes.${at}`, '—', '≥ 1');
  for (const share of mixtures.flatMap((mixture) => Object.values(mixture)))
    if (kind === 'mixtures' && typeof readNumber(share) === 'string') refuseSweep(`axes.${at}`, share || '—', '0 … 1');
}

/** Steps of each rung and how many runs reach it; empty without halving. */
export function rungsOf(
  { halving }: Pick<SweepPlan, 'halving'>,
  runs: readonly Pick<PlannedRun, 'recipe'>[],
): { steps: number; runs: number }[] {
  if (!halving || runs.length === 0) return [];
  const rungs = rungSteps(halving.steps, Math.max(...runs.map(({ recipe }) => recipe.budget.steps)), halving.reduction);
  const reached = runsOnRungs(runs.length, rungs.length, halving.reduction);
  return rungs.map((steps, at) => ({ steps, runs: reached[at]! }));
}

function placeOf({ code, values }: ErrorRecord, { axes }: PlanDraft): Place {
  if (code !== 'sweep-invalid') return 'base';
  const field = String(values['field']);
  const [, at] = /^axes\.(\d+)/.exec(field) ?? [];
  if (at !== undefined) return Number(at);
  const [, within = field] = /^axes \((.+)\)$/.exec(field) ?? [];
  const named = axes.findIndex((axis) => axis.field === within || (within.startsWith('channels') && axis.kind === 'mixtures'));
  if (named >= 0) return named;
  const [part] = field.split('.');
  if (part === 'name' || part === 'method' || part === 'seeds' || part === 'halving' || part === 'limits') return part;
  return part === 'runs' ? 'method' : 'axes';
}

/** A plan as the file that `npm run experiment` takes. */
export const planFile = (draft: PlanDraft): Blob => new Blob([`${JSON.stringify(planOf(draft), null, 2)}\n`], { type: 'application/json' });

/** @throws StudioError `json-invalid`, `sweep-invalid`, `recipe-invalid` */
export async function openPlan(file: File): Promise<PlanDraft> {
  let json: unknown;
  try {
    json = JSON.parse(await file.text());
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new StudioError('json-invalid', `${file.name}: ${detail}`, { file: file.name, detail });
  }
  const plan = parseSweep(json);
  return draftOf(plan, plan.base);
}

/** What is being planned; null while no editor is open. It survives a look at another page. */
export const useDraft = create<{ draft: PlanDraft | null; /** The draft sweep that it replaces. */ replaces: string | null }>(() => ({
  draft: null,
  replaces: null,
}));

export const editDraft = (change: Partial<PlanDraft>): void =>
  useDraft.setState(({ draft }) => ({ draft: draft && { ...draft, ...change } }));

export const editAxis = (at: number, change: Partial<DraftAxis>): void =>
  useDraft.setState(({ draft }) => ({
    draft: draft && { ...draft, axes: draft.axes.map((axis, index) => (index === at ? { ...axis, ...change } : axis)) },
  }));

/** An axis as a test of rates suggests it: in the place of one over the rate, or beside the others. */
export function suggestRates(low: number, high: number): void {
  const axis: DraftAxis = {
    ...newAxis('schedule.peakLr'),
    kind: 'range',
    scale: 'log-uniform',
    low: writeNumber(Number(low.toPrecision(3))),
    high: writeNumber(Number(high.toPrecision(3))),
  };
  useDraft.setState(({ draft }) => {
    if (!draft) return {};
    const at = draft.axes.findIndex(({ field }) => field === axis.field);
    const axes = at < 0 ? [...draft.axes, axis] : draft.axes.map((one, index) => (index === at ? axis : one));
    return { draft: { ...draft, axes } };
  });
}
