/**
 * A log from elsewhere as a run that the studio shows like its own: channels, windows, evaluations. Its recipe holds what the log tells, channels
 * with the shares that they had and the highest learning rate; the rest of it are defaults, and nothing trains by it.
 */
import { meanRetention } from '../metrics/loss';
import { recipeSchema, type Recipe, type RecipeInput } from '../recipe/schema';
import type { LoggedEvent } from '../run/events';
import type { EvaluationRow, MetricRow, NotFinite, RunRecord } from '../run/types';
import { figureOf, type LogFormat, type Point, type TrackedRun } from './tracked-run';

export interface ImportedRun {
  record: Omit<RunRecord, 'id'>;
  rows: MetricRow[];
  evaluations: EvaluationRow[];
  /** Of a run that another studio trained. */
  events?: LoggedEvent[];
}

/** Of a log that tells one loss and no channel. */
const WHOLE = 'all';
const MOST_CHANNELS = 16;
/** Names under which people keep the domain that they train on. */
const DOMAIN = /domain|target|medic|clinic|health|bio|law|legal|financ|chem|math|医|法律|金融|领域/i;
const BASE = 'elsewhere';

/** A channel's id: a recipe's ids are ASCII. The first of two that come out alike stays plain. */
function idsOf(names: readonly string[]): Map<string, string> {
  const ids = new Map<string, string>();
  const taken = new Set<string>();
  for (const [at, name] of names.entries()) {
    const plain = name
      .replace(/[^a-zA-Z0-9._-]+/g, '-')
      .replace(/^[^a-zA-Z0-9]+|-+$/g, '')
      .slice(0, 60);
    const id = plain === '' || taken.has(plain) ? `${plain || 'channel'}-${at + 1}` : plain;
    taken.add(id);
    ids.set(name, id);
  }
  return ids;
}

interface Found {
  /** Channel name → points; '' is the loss of all. */
  train: Map<string, Point[]>;
  heldOut: Map<string, Point[]>;
  lr: Point[];
  gradNorm: Point[];
  tokens: Point[];
  retention: Point[];
  /** Tags that are no figure of the studio. */
  others: string[];
}

function sorted({ series }: TrackedRun): Found {
  const found: Found = { train: new Map(), heldOut: new Map(), lr: [], gradNorm: [], tokens: [], retention: [], others: [] };
  for (const [tag, points] of series) {
    const { kind, channel } = figureOf(tag);
    if (kind === 'train' || kind === 'heldOut') {
      // Two tags of one figure, as `loss` and `train/loss`: the longer one.
      const known = found[kind].get(channel ?? '');
      if (!known || known.length < points.length) found[kind].set(channel ?? '', points);
    } else if (kind === 'other') found.others.push(tag);
    else if (found[kind].length < points.length) found[kind] = points;
  }
  // train/zh beside held-out/zh.
  found.others = found.others.filter((tag) => {
    const channel = /^train\/([^/]+)$/.exec(tag)?.[1];
    if (channel === undefined || !found.heldOut.has(channel) || found.train.has(channel)) return true;
    found.train.set(channel, series.get(tag)!);
    return false;
  });
  return found;
}

/** Channels that the log names, those with most points first where there are too many. */
function channelsOf({ train, heldOut }: Found): string[] {
  const names = [...new Set([...train.keys(), ...heldOut.keys()])].filter((name) => name !== '');
  if (names.length === 0) return [''];
  const points = (name: string) => (train.get(name)?.length ?? 0) + (heldOut.get(name)?.length ?? 0);
  const kept = new Set([...names].sort((one, other) => points(other) - points(one)).slice(0, MOST_CHANNELS));
  return names.filter((name) => kept.has(name));
}

const notFinite = (value: number): NotFinite | null => (Number.isFinite(value) ? null : (String(value) as NotFinite));

/** Value of a series at a step: of its last point up to there. */
function heldAt(points: readonly Point[]): (step: number) => number | null {
  let at = 0;
  return (step) => {
    while (at + 1 < points.length && points[at + 1]!.step <= step) at += 1;
    const point = points[at];
    return point && point.step <= step && Number.isFinite(point.value) ? point.value : null;
  };
}

const byStep = (points: readonly Point[]) => new Map(points.map((point) => [point.step, point]));

/**
 * @param file its name; @param now epoch milliseconds, for a log without times
 * @returns null where the log has no loss
 */
export function importedRun(run: TrackedRun, { file, format, now }: { file: string; format: LogFormat; now: number }): ImportedRun | null {
  const found = sorted(run);
  if (found.train.size === 0 && found.heldOut.size === 0) return null;
  const names = channelsOf(found);
  const ids = idsOf(names.map((name) => (name === '' ? WHOLE : name)));
  const channels = names.map((name) => ({ name, id: ids.get(name === '' ? WHOLE : name)! }));
  const rows = rowsOf(found, channels);
  const recipe = recipeOf(run, found, channels, rows);
  const evaluations = evaluationsOf(found, channels, recipe);
  const all = [...run.series.values()].flat();
  const times = all.map(({ time }) => time).filter((time) => time > 0);
  const last = all.reduce((most, { step }) => Math.max(most, step), 0);
  const shown = new Set(names);
  const leftOut = [...new Set([...found.train.keys(), ...found.heldOut.keys()])].filter((name) => name !== '' && !shown.has(name));
  const base = evaluations[0]?.step === 0 ? evaluations[0] : null;
  return {
    record: {
      name: run.name.slice(0, 120),
      createdAt: times.reduce((least, time) => Math.min(least, time), times[0] ?? now),
      updatedAt: times.reduce((most, time) => Math.max(most, time), times[0] ?? now),
      ...{ state: 'finished', stopReason: null, error: null, recipe, changes: [], step: last, tokens: rows.at(-1)?.tokens ?? 0 },
      ...{ trainTokens: {}, device: '', base, latest: evaluations.at(-1) ?? null },
      imported: { file, format, others: [...found.others, ...leftOut] },
    },
    rows,
    evaluations,
  };
}

type Channels = readonly { name: string; id: string }[];

function rowsOf({ train, lr, gradNorm, tokens }: Found, channels: Channels): MetricRow[] {
  const whole = byStep(train.get('') ?? []);
  const own = channels.map(({ name }) => byStep(train.get(name) ?? []));
  const steps = [...new Set([whole, ...own].flatMap((points) => [...points.keys()]))].sort((one, other) => one - other);
  const [lrAt, tokensAt] = [heldAt(lr), heldAt(tokens)];
  const norms = byStep(gradNorm);
  let before: { step: number; time: number } | null = null;
  return steps.map((step) => {
    const time = [whole, ...own].map((points) => points.get(step)?.time ?? 0).find((one) => one > 0) ?? 0;
    const stepMs = before && time > before.time && before.time > 0 ? (time - before.time) / (step - before.step) : 0;
    before = { step, time };
    const loss: MetricRow['loss'] = {};
    const broken: Record<string, NotFinite> = {};
    const take = (id: string, value: number | undefined): number | null => {
      const fault = value === undefined ? null : notFinite(value);
      if (fault) broken[id] = fault;
      return value === undefined || fault ? null : value;
    };
    channels.forEach(({ id }, at) => (loss[id] = take(id, own[at]!.get(step)?.value)));
    const total = take('total', whole.get(step)?.value);
    const norm = norms.get(step)?.value;
    return {
      ...{ step, lr: lrAt(step) ?? 0, gradNorm: norm !== undefined && Number.isFinite(norm) ? norm : null, stepMs },
      ...{ tokens: tokensAt(step) ?? 0, loss, count: Object.fromEntries(channels.map(({ id }) => [id, 0])), total },
      ...(Object.keys(broken).length > 0 ? { notFinite: broken } : {}),
    };
  });
}

function evaluationsOf({ heldOut, retention }: Found, channels: Channels, recipe: Recipe): EvaluationRow[] {
  const own = channels.map(({ name }) => byStep(heldOut.get(name) ?? []));
  const steps = [...new Set(own.flatMap((points) => [...points.keys()]))].sort((one, other) => one - other);
  const told = byStep(retention);
  const rows: EvaluationRow[] = [];
  for (const step of steps) {
    const losses: EvaluationRow['channels'] = {};
    channels.forEach(({ id }, at) => {
      const point = own[at]!.get(step);
      // Bytes and tokens of the text are not in a log: what is measured by them stays unknown.
      if (point && Number.isFinite(point.value)) losses[id] = { loss: point.value, tokens: 0, bytes: 0 };
    });
    if (Object.keys(losses).length === 0) continue;
    const row: EvaluationRow = { step, channels: losses, retention: told.get(step)?.value ?? null };
    const base = rows[0] ?? row;
    rows.push(row.retention === null && base.step === 0 ? { ...row, retention: meanRetention(base, row, recipe.channels) } : row);
  }
  return rows;
}

/** Shares as the log's settings or its achieved mixture have them, else alike. */
function recipeOf(run: TrackedRun, found: Found, channels: Channels, rows: readonly MetricRow[]): Recipe {
  const shareOf = (name: string) => {
    const set = run.config?.[`channels.${name}.share`];
    const achieved = run.series.get(`mixture/${name}`)?.at(-1)?.value;
    return typeof set === 'number' ? set : (achieved ?? null);
  };
  const shares = channels.map(({ name }) => shareOf(name));
  const known = shares.every((share) => share !== null && share >= 0) && shares.reduce<number>((sum, share) => sum + share!, 0) > 0;
  const sum = shares.reduce<number>((all, share) => all + (share ?? 0), 0);
  const roleOf = (name: string) => {
    const set = run.config?.[`channels.${name}.role`];
    return set === 'domain' || set === 'general' ? set : DOMAIN.test(name) ? 'domain' : 'general';
  };
  const steps = Math.max(1, run.steps ?? 0, ...[...run.series.values()].map((points) => points.at(-1)?.step ?? 0));
  const evaluated = [...found.heldOut.values()][0] ?? [];
  const peakLr =
    Math.min(
      1,
      found.lr.reduce((most, { value }) => (value > most ? value : most), 0),
    ) || 1e-4;
  const input: RecipeInput = {
    ...{ version: 2, name: 'imported', base: BASE, sequenceLength: 128 },
    channels: channels.map(({ name, id }, at) => ({
      ...{ id, corpus: id, role: roleOf(name) },
      share: known ? shares[at]! / sum : 1 / channels.length,
    })),
    strategy: { kind: 'mixed' },
    schedule: { kind: 'constant', peakLr, warmup: { unit: 'steps', value: 0 } },
    batchSize: 1,
    optimizer: {},
    budget: { steps },
    evaluation: { everySteps: Math.max(1, Math.round((evaluated[1]?.step ?? steps) - (evaluated[0]?.step ?? 0))), rowsPerChannel: 1 },
    saving: { everySteps: steps },
    logging: { everySteps: Math.max(1, Math.round((rows[1]?.step ?? 1) - (rows[0]?.step ?? 0))) },
    stopping: { early: null, forgetting: null },
    seed: 0,
  };
  return recipeSchema.parse(input);
}
