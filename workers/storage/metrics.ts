/**
 * A run's history, `runs/<id>/metrics.jsonl`: one line per logging window, evaluation or event, in the order they
 * happened. Lines are appended, so a crash can tear the last one: readers skip it, and truncation removes it.
 */
import { liftEvent, type LoggedEvent } from '../../src/core/run/events';
import type { EvaluationRow, MetricRow } from '../../src/core/run/types';
import { files, type FileStore } from './files';

export type MetricLine = ({ kind: 'window' } & MetricRow) | ({ kind: 'evaluation' } & EvaluationRow) | ({ kind: 'event' } & LoggedEvent);

export interface RunMetrics {
  rows: MetricRow[];
  evaluations: EvaluationRow[];
  events: LoggedEvent[];
}

export const metricsPath = (runId: string): string => `runs/${runId}/metrics.jsonl`;

export async function appendMetrics(runId: string, lines: readonly MetricLine[], store: FileStore = files): Promise<void> {
  if (lines.length > 0) await store.append(metricsPath(runId), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

export async function readMetrics(runId: string, store: FileStore = files): Promise<RunMetrics> {
  const path = metricsPath(runId);
  return parseMetrics((await store.exists(path)) ? await store.readText(path) : '');
}

/** Drops everything after `step`: what was logged between the last checkpoint and the crash is computed again. */
export async function truncateMetrics(runId: string, step: number, store: FileStore = files): Promise<void> {
  const path = metricsPath(runId);
  if (!(await store.exists(path))) return;
  const text = await store.readText(path);
  let kept = 0;
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', kept)) {
    const line = parseLine(text.slice(kept, end));
    if (!line || line.step > step) break;
    kept = end + 1;
  }
  if (kept < text.length) await store.truncate(path, new TextEncoder().encode(text.slice(0, kept)).byteLength);
}

/** The lines of a metrics.jsonl, by kind. */
function parseMetrics(text: string): RunMetrics {
  const metrics: RunMetrics = { rows: [], evaluations: [], events: [] };
  for (const source of text.split('\n')) {
    const line = parseLine(source);
    if (!line) continue;
    if (line.kind === 'window') {
      const { kind: _, ...row } = line;
      metrics.rows.push(row);
    } else if (line.kind === 'evaluation') {
      const { kind: _, ...row } = line;
      metrics.evaluations.push(row);
    } else {
      const { kind: _, ...written } = line;
      const event = liftEvent(written);
      if (event) metrics.events.push(event);
    }
  }
  return metrics;
}

function parseLine(source: string): MetricLine | null {
  if (source === '') return null;
  try {
    return JSON.parse(source) as MetricLine;
  } catch {
    return null;
  }
}
