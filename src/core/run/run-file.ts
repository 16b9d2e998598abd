/**
 * A run as one file (`.crossfade`: JSON, gzipped) or as a piece of an address: recipe, history, evaluations, events, where it comes from, and what a
 * pupil foretold; everything but weights. What is read in came from somebody else: it is checked field by field, under limits.
 */
import { deflateSync, gunzipSync, gzipSync, inflateSync, strFromU8, strToU8 } from 'fflate';
import * as z from 'zod/mini';
import { StudioError } from '../errors';
import { acceptedBy, describeValue, parseRecipe } from '../recipe/parse';
import { recipeSchema, type Recipe } from '../recipe/schema';
import { fromBase64Url, toBase64Url } from '../recipe/share-link';
import type { ImportedRun } from '../trackers/imported-run';
import type { LoggedEvent } from './events';
import { STOP_REASONS, type EvaluationRow, type MetricRow, type RunRecord } from './types';

/** Bytes of a file, of its JSON, and of the JSON that an address can make a page inflate. */
const LARGEST_FILE = 32 * 2 ** 20;
const LARGEST_JSON = 128 * 2 ** 20;
const LARGEST_LINKED = 2 ** 20;
/** Characters of a run in an address. */
export const LONGEST_LINK = 8 * 1024;
const MOST_ROWS = 200_000;

const finite = z.number();
const step = z.int().check(z.gte(0));
const text = (most: number) => z.string().check(z.maxLength(most));
const channel = z.string().check(z.minLength(1), z.maxLength(64));
const losses = z.record(channel, z.nullable(finite));
const figures = z.record(text(64), finite);
const notFinite = z.enum(['NaN', 'Infinity', '-Infinity']);
const list = <Item extends z.ZodMiniType>(item: Item, most = MOST_ROWS) => z.array(item).check(z.maxLength(most));

const rowSchema = z.object({
  ...{ step, lr: finite, gradNorm: z.nullable(finite), stepMs: finite, tokens: finite, loss: losses, total: z.nullable(finite) },
  count: z.record(channel, finite),
  notFinite: z.optional(z.record(channel, notFinite)),
  figures: z.optional(z.record(channel, figures)),
  lossScale: z.optional(finite),
  skippedSteps: z.optional(finite),
});

/** Of a parameter that is looked at. */
const elements = list(finite, 64);
const group = z.enum(['grammar', 'commonsense', 'facts', 'logic']);
const evaluationSchema = z.object({
  step,
  channels: z.record(channel, z.object({ loss: finite, tokens: finite, bytes: finite, figures: z.optional(figures) })),
  retention: z.nullable(finite),
  probes: z.optional(
    z.object({
      ...{ items: finite, informative: z.array(group), grain: finite, answers: z.partialRecord(group, text(4096)) },
      risk: z.nullable(z.object({ value: finite, interval: z.nullable(z.object({ low: finite, high: finite })) })),
    }),
  ),
  attention: z.optional(list(finite, 1024)),
  adversarial: z.optional(list(finite, 16)),
  masked: z.optional(
    z.object({
      parameter: text(512),
      clients: list(z.object({ index: step, update: elements, sent: z.nullable(elements), likeness: finite }), 64),
      ...{ sum: z.nullable(elements), plain: elements, error: finite },
    }),
  ),
  texts: z.optional(list(z.object({ text: text(65_536), next: list(z.object({ id: step, token: text(1024), p: finite }), 64) }), 64)),
});

const when = { step, at: z.nullable(finite) };
const eventSchema = z.discriminatedUnion('type', [
  z.object({ ...when, type: z.literal('paused') }),
  z.object({ ...when, type: z.literal('resumed') }),
  z.object({ ...when, type: z.literal('extended'), before: finite, after: finite }),
  z.object({ ...when, type: z.literal('forked'), run: text(64), name: text(120) }),
  z.object({ ...when, type: z.literal('unfrozen'), parts: list(text(120), 1024) }),
  z.object({ ...when, type: z.literal('stopped'), reason: z.enum(STOP_REASONS) }),
]);

const shares = z.record(channel, finite.check(z.gte(0), z.lte(1)));
const changeSchema = z.object({
  step,
  at: finite,
  rule: z.optional(z.literal(true)),
  settings: z.partial(
    z.object({ shares, schedule: recipeSchema.shape.schedule, weights: shares, held: z.array(channel).check(z.maxLength(16)) }),
  ),
});

const lessonSchema = z.object({
  lesson: text(48),
  step: text(48),
  prediction: z.optional(
    z.object({ of: z.enum(['general', 'domain']), points: list(z.object({ step, loss: finite }), 16).check(z.minLength(1)) }),
  ),
});

const documentSchema = z.object({
  format: z.literal('crossfade-run'),
  version: z.literal(1),
  run: z.object({
    ...{ name: text(120).check(z.minLength(1)), createdAt: finite, updatedAt: finite, step, tokens: finite, recipe: z.unknown() },
    state: z.enum(['finished', 'stopped', 'failed', 'interrupted']),
    stopReason: z.nullable(z.enum(STOP_REASONS)),
    changes: list(changeSchema, 10_000),
    trainTokens: z.record(channel, finite),
    rules: z.optional(z.union([z.literal(1), z.literal(2)])),
    lesson: z.optional(lessonSchema),
  }),
  /** Where it was trained, with which version of the studio, and how many of its windows each row here stands for. */
  provenance: z.object({ studio: text(64), device: text(200), exportedAt: finite, windows: z.int().check(z.gte(1)) }),
  base: z.nullable(evaluationSchema),
  rows: list(rowSchema),
  evaluations: list(evaluationSchema),
  events: list(eventSchema, 10_000),
});

export interface RunDocument {
  run: Pick<
    RunRecord,
    'name' | 'createdAt' | 'updatedAt' | 'step' | 'tokens' | 'state' | 'stopReason' | 'changes' | 'trainTokens' | 'rules' | 'lesson'
  > & { recipe: Recipe };
  provenance: { studio: string; device: string; exportedAt: number; windows: number };
  base: EvaluationRow | null;
  rows: MetricRow[];
  evaluations: EvaluationRow[];
  events: LoggedEvent[];
}

/** @param history all of it. @param studio its version; @param now epoch milliseconds */
export function runDocument(
  record: RunRecord,
  { rows, evaluations, events }: Pick<RunDocument, 'rows' | 'evaluations' | 'events'>,
  { studio, now }: { studio: string; now: number },
): RunDocument {
  const { name, createdAt, updatedAt, step, tokens, stopReason, changes, trainTokens, rules, recipe, lesson } = record;
  const ended = record.state === 'finished' || record.state === 'stopped' || record.state === 'failed';
  return {
    run: {
      ...{ name, createdAt, updatedAt, step, tokens, stopReason, changes, trainTokens, recipe },
      state: ended ? record.state : 'interrupted',
      ...(rules ? { rules } : {}),
      ...(lesson ? { lesson } : {}),
    },
    provenance: { studio, device: record.device, exportedAt: now, windows: 1 },
    base: record.base,
    ...{ rows, evaluations },
    // An error's own words may hold paths of the machine; the state tells that it failed.
    events: events.filter(({ type }) => type !== 'failed'),
  };
}

const json = (document: RunDocument): Uint8Array => strToU8(JSON.stringify({ format: 'crossfade-run', version: 1, ...document }));

export const runFile = (document: RunDocument): Uint8Array => gzipSync(json(document), { level: 9, mtime: 0 });

/** Digits of a figure in an address. */
const DIGITS = 4;

const short = (value: number): number => Number(value.toPrecision(DIGITS));

/** Means of a number of windows in a row, weighted by their tokens. */
function joined(rows: readonly MetricRow[]): MetricRow {
  const last = rows.at(-1)!;
  const meanOf = (value: (row: MetricRow) => number | null | undefined, weight: (row: MetricRow) => number): number | null => {
    const known = rows.flatMap((row) => {
      const [found, own] = [value(row), weight(row)];
      return found === null || found === undefined || own <= 0 ? [] : [{ found, own }];
    });
    const all = known.reduce((sum, { own }) => sum + own, 0);
    return all === 0 ? null : short(known.reduce((sum, { found, own }) => sum + found * own, 0) / all);
  };
  const tokens = (row: MetricRow) => Object.values(row.count).reduce((sum, count) => sum + count, 0);
  const ids = Object.keys(last.loss);
  return {
    ...{
      step: last.step,
      tokens: last.tokens,
      lr: short(last.lr),
      stepMs:
        meanOf(
          ({ stepMs }) => stepMs,
          () => 1,
        ) ?? 0,
    },
    gradNorm: meanOf(
      ({ gradNorm }) => gradNorm,
      () => 1,
    ),
    loss: Object.fromEntries(
      ids.map((id) => [
        id,
        meanOf(
          ({ loss }) => loss[id],
          ({ count }) => count[id] ?? 0,
        ),
      ]),
    ),
    count: Object.fromEntries(ids.map((id) => [id, rows.reduce((sum, { count }) => sum + (count[id] ?? 0), 0)])),
    total: meanOf(({ total }) => total, tokens),
    ...(last.notFinite ? { notFinite: last.notFinite } : {}),
  };
}

/** Every so many of them, the first and the last always. */
const thinned = <Item>(items: readonly Item[], every: number): Item[] =>
  items.filter((_, at) => at === 0 || at === items.length - 1 || at % every === 0);

function thinnedBy(document: RunDocument, every: number): RunDocument {
  const { rows, evaluations, events, base, run } = document;
  const groups = Array.from({ length: Math.ceil(rows.length / every) }, (_, at) => rows.slice(at * every, (at + 1) * every));
  const evaluation = ({ step, channels, retention }: EvaluationRow): EvaluationRow => ({
    step,
    // Losses to the fifth digit: what is read off them are small differences.
    channels: Object.fromEntries(
      Object.entries(channels).map(([id, { loss, ...rest }]) => [id, { loss: Number(loss.toPrecision(DIGITS + 1)), ...rest }]),
    ),
    retention: retention === null ? null : short(retention),
  });
  const most = Math.max(2, Math.ceil(64 / every));
  return {
    ...document,
    run: { ...run, changes: every > 8 ? thinned(run.changes, Math.ceil(run.changes.length / most)) : run.changes },
    provenance: { ...document.provenance, windows: every },
    base: base && evaluation(base),
    rows: groups.map(joined),
    evaluations: thinned(evaluations, Math.max(1, Math.ceil(evaluations.length / most))).map(evaluation),
    events: every > 8 ? events.slice(-most) : events,
  };
}

/** The run with as much of its history as goes into `LONGEST_LINK` characters, for an address. Null where not even its ends do. */
export function runLink(document: RunDocument): string | null {
  const most = Math.max(1, document.rows.length);
  for (let every = 1; ; every *= 2) {
    const link = toBase64Url(deflateSync(json(thinnedBy(document, Math.min(every, most))), { level: 9 }));
    if (link.length <= LONGEST_LINK) return link;
    if (every >= most) return null;
  }
}

/** @param source name of the file. @throws StudioError `run-file-invalid` with field, value and what is accepted; `file-too-large` */
export function parseRunFile(source: string, bytes: Uint8Array): RunDocument {
  const tooLarge = (size: number, limit: number): never => {
    throw new StudioError('file-too-large', `${source} is ${size} bytes`, { file: source, bytes: size, limit });
  };
  if (bytes.length > LARGEST_FILE) tooLarge(bytes.length, LARGEST_FILE);
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  // The last four bytes of a gzip file say how long its content is; one that lies is cut there, and then no JSON.
  const claimed = packed ? new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(bytes.length - 4, true) : bytes.length;
  // Of a file that was cut off they say anything, and nothing packs better than 1 : 1032.
  if (packed && claimed > 1032 * bytes.length) return read(source, () => '');
  if (claimed > LARGEST_JSON) tooLarge(claimed, LARGEST_JSON);
  return read(source, () => strFromU8(packed ? gunzipSync(bytes, { out: new Uint8Array(claimed) }) : bytes));
}

/** @throws StudioError `run-file-invalid` */
export function parseRunLink(source: string, link: string): RunDocument {
  // A fixed buffer: an address cannot make the page inflate more than this.
  return read(source, () => strFromU8(inflateSync(fromBase64Url(link), { out: new Uint8Array(LARGEST_LINKED) })).replace(/\0+$/, ''));
}

function read(source: string, content: () => string): RunDocument {
  const refuse = (field: string, value: string, accepted: string): never => {
    throw new StudioError('run-file-invalid', `${source}: ${field} is ${value}; accepted: ${accepted}`, {
      file: source,
      field,
      value,
      accepted,
    });
  };
  let given: unknown;
  try {
    given = JSON.parse(content());
  } catch {
    return refuse('content', '…', '.crossfade (gzip, JSON)');
  }
  const result = documentSchema.safeParse(given);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    const value = issue.path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[key], given);
    return refuse(issue.path.map(String).join('.') || 'content', describeValue(value), acceptedBy(issue));
  }
  const { run, provenance, base, rows, evaluations, events } = result.data;
  try {
    const recipe = parseRecipe(run.recipe);
    const ids = new Set(recipe.channels.map(({ id }) => id));
    const stranger = [
      ...rows.flatMap(({ loss }) => Object.keys(loss)),
      ...evaluations.flatMap(({ channels }) => Object.keys(channels)),
    ].find((id) => !ids.has(id));
    if (stranger !== undefined) return refuse('rows.loss', stranger, [...ids].join(' | '));
    return { run: { ...(run as Omit<RunDocument['run'], 'recipe'>), recipe }, provenance, base, rows, evaluations, events } as RunDocument;
  } catch (error) {
    if (!(error instanceof StudioError) || error.code !== 'recipe-invalid') throw error;
    const { field = '', value = '', accepted = '' } = error.values;
    return refuse(`run.recipe.${field}`, String(value), String(accepted));
  }
}

/** What stores it as a run that was trained elsewhere. @param file its name, or what stands for it */
export function documentRun({ run, provenance, base, rows, evaluations, events }: RunDocument, file: string): ImportedRun {
  return {
    record: {
      ...run,
      ...{ error: null, device: provenance.device, base, latest: evaluations.at(-1) ?? base },
      imported: { file, format: 'crossfade', others: [] },
    },
    ...{ rows, evaluations, events },
  };
}
