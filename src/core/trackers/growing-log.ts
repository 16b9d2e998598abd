/**
 * A log that is read while it is written: bytes come as they are added, and what is not yet whole, a line or a record, waits for its rest.
 * Lines of JSON and event files are parsed once; other logs are kept and read anew as a whole.
 */
import { readRecords, type ScalarEvent } from './event-file';
import { addLines, emptyLog, isStudioLine, type StudioLog } from './studio-log';
import { formatOf, isRow, looseJson, readTextLog, runsOfRows, type ReadLog } from './tracker-logs';
import type { Point, TrackedRun } from './tracked-run';

type Row = Readonly<Record<string, unknown>>;

const NEWLINE = 10;
const NOTHING = new Uint8Array(0);

/**
 * Scalars of event files as one run. A run that was resumed writes a new file, and what it says of a step replaces the former.
 * @param events of all files, in the order in which those were begun
 */
export function runOfEvents(name: string, events: Iterable<ScalarEvent>): TrackedRun {
  const series = new Map<string, Point[]>();
  for (const { tag, ...point } of events) {
    const points = series.get(tag) ?? [];
    while ((points.at(-1)?.step ?? -1) >= point.step) points.pop();
    points.push(point);
    series.set(tag, points);
  }
  return { name, config: null, series };
}

/** A TFRecord's length is below 2³² and the next bytes of an event are the wall time's; no text begins so. */
export function isEventFile(path: string, head: Uint8Array): boolean {
  return path.includes('tfevents') || (head.length >= 13 && head.subarray(4, 8).every((byte) => byte === 0) && head[12] === 9);
}

/** Does a file hold an object a line? A trainer_state.json is one object over many lines. */
function isLines(text: string): boolean {
  const end = text.indexOf('\n');
  if (!text.startsWith('{') || end < 0) return false;
  try {
    const row = looseJson(text.slice(0, end));
    return isRow(row) && !Array.isArray(row['log_history']);
  } catch {
    return false;
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  if (one.length === 0) return other;
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

/** The studio's own log of a file; null where it is another's. */
export async function studioLogOf(path: string, file: Blob): Promise<StudioLog | null> {
  const log = new GrowingLog(path);
  await log.add(new Uint8Array(await file.arrayBuffer()));
  return log.studio;
}

export class GrowingLog {
  /** Null until its first bytes tell. */
  kind: 'lines' | 'events' | 'whole' | null = null;
  /** Scalars of an event file. */
  readonly events: ScalarEvent[] = [];
  /** Lines that are no record; the one that is being written is none of them. */
  badLines = 0;
  /** Where its lines are the studio's own. */
  studio: StudioLog | null = null;
  private readonly rows: Row[] = [];
  /** What came behind the last whole line or record; all of a log that is read whole. */
  private rest: Uint8Array = NOTHING;
  /** Byte of the file at which the rest begins. */
  private begins = 0;

  constructor(readonly path: string) {}

  /** All bytes so far, of a log that is read whole. */
  get bytes(): Uint8Array {
    return this.rest;
  }

  /** @throws StudioError `tracker-damaged`, `tracker-unknown` of an event file */
  async add(bytes: Uint8Array): Promise<void> {
    this.rest = joined(this.rest, bytes);
    this.kind ??= this.tellKind();
    if (this.kind === 'events') {
      const { events, read } = await readRecords(this.rest, this.path, this.begins);
      for (const event of events) this.events.push(event);
      this.advance(read);
    } else if (this.kind === 'lines') {
      const end = this.rest.lastIndexOf(NEWLINE) + 1;
      // Whole lines, so that no letter of several bytes is cut.
      this.take(new TextDecoder().decode(this.rest.subarray(0, end)));
      this.advance(end);
    }
  }

  private tellKind(): GrowingLog['kind'] {
    if (this.rest.length < 4) return null;
    if (isEventFile(this.path, this.rest)) return this.rest.length < 12 ? null : 'events';
    const text = new TextDecoder()
      .decode(this.rest)
      .replace(/^\uFEFF/, '')
      .trimStart();
    if (isLines(text)) return 'lines';
    // The first line may not be whole yet.
    return text.startsWith('{') && !text.includes('\n') ? null : 'whole';
  }

  private advance(read: number): void {
    this.begins += read;
    this.rest = this.rest.slice(read);
  }

  private take(text: string): void {
    const found: Row[] = [];
    for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
      if (line.trim() === '') continue;
      try {
        const row = looseJson(line);
        if (!isRow(row)) throw new SyntaxError('no object');
        found.push(row);
      } catch {
        this.badLines += 1;
      }
    }
    if (this.rows.length === 0 && found.length > 0 && isStudioLine(found[0]!)) this.studio ??= emptyLog();
    if (this.studio) addLines(this.studio, found);
    else for (const row of found) this.rows.push(row);
  }

  /**
   * Runs of a log of lines or of another text. @param settled it has not grown for a while: what has no end of line is whole too
   * @throws StudioError `tracker-unknown` where it holds no number over steps, or not yet
   */
  read(settled: boolean): ReadLog {
    const name = this.path.slice(this.path.lastIndexOf('/') + 1);
    if (this.kind === 'lines') {
      const last = settled ? this.lastLine() : null;
      const rows = last ? [...this.rows, last] : this.rows;
      return { format: formatOf(rows), runs: runsOfRows(name.replace(/\.[^.]+$/, ''), rows), badLines: [] };
    }
    const text = new TextDecoder().decode(this.rest);
    const isJson = /^\s*[[{]/.test(text);
    return readTextLog(isJson || settled ? text : text.slice(0, text.lastIndexOf('\n') + 1), name);
  }

  private lastLine(): Row | null {
    try {
      const row = looseJson(new TextDecoder().decode(this.rest));
      return isRow(row) ? row : null;
    } catch {
      return null;
    }
  }
}
