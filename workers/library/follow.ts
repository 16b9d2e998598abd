/**
 * Logs that are followed while they are written elsewhere. Each is kept as a run: its record and its history on the disk, under the run's lock,
 * and a feed for the desk as a trainer sends one. Where the log is that of the exported train.py and its folder was given, settings are changed
 * by its control file.
 */
import { errorRecord, StudioError, type ErrorRecord } from '../../src/core/errors';
import { restoreFeed, type RunFeed, type RunMessage } from '../../src/core/run/feed';
import { checkChange, settingsAt } from '../../src/core/run/live-changes';
import { isActive, type LiveSettings, type RunRecord } from '../../src/core/run/types';
import { GrowingLog, runOfEvents } from '../../src/core/trackers/growing-log';
import { importedRun, type ImportedRun } from '../../src/core/trackers/imported-run';
import { allChanges, logRecipe, readChanges, studioRun, type ControlChange } from '../../src/core/trackers/studio-log';
import type { ControlState, ControlWish, FollowedRuns, FollowPlace, FollowStatus } from '../../src/contract/follow';
import { sha256 } from '../storage/hash';
import { lockRun, type RunLock } from '../storage/locks';
import { putRecord } from '../storage/records';
import { appendMetrics, linesOf, readRun, replaceMetrics, storeImportedRun, updateRun } from '../storage/runs';
import { parquetRuns } from './import-logs';
import { parentOf, sourceOf, Tail, writeText, type LogSource } from './log-source';

/** Looks between two at which new files are searched, and the longest time between looks at what cannot be read. */
const SEARCH_EVERY = 20;
const LONGEST_MS = 60_000;
/** A look takes at most this part of the time. */
const BUSY_PART = 0.2;
const CONTROL = 'control.json';

/** Not yet in TypeScript's libraries. */
interface AskedHandle {
  queryPermission(options: { mode: 'read' | 'readwrite' }): Promise<PermissionState>;
}

type History = Pick<ImportedRun, 'rows' | 'evaluations'> & { events: NonNullable<ImportedRun['events']> };

const text = (bytes: ArrayBuffer): string => new TextDecoder().decode(bytes);
const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Does a list only go on after what it was? */
const goesOn = (before: readonly unknown[], now: readonly unknown[]): boolean =>
  now.length >= before.length && same(before[0], now[0]) && same(before.at(-1), now[before.length - 1]);

class Follower {
  record: RunRecord | null = null;
  private status: FollowStatus;
  private lock: RunLock | null = null;
  private logs = new Map<string, { log: GrowingLog; tail: Tail }>();
  private history: History = { rows: [], evaluations: [], events: [] };
  private feed: RunFeed | null = null;
  private listener: ((message: RunMessage) => void) | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private looks = 0;
  private failures = 0;
  private over = false;
  /** What recipe.json holds, null where it is not there; undefined until it was asked for. */
  private recipe: unknown;
  private changes: readonly ControlChange[] = [];
  private refusals = 0;
  /** SHA-256 of the control files that were written here, the last of them at the end. */
  private written: string[] = [];

  constructor(
    readonly id: string,
    private readonly source: LogSource,
    private readonly tell: (status: FollowStatus) => void,
  ) {
    const now = Date.now();
    this.status = {
      ...{ run: id, state: 'live', file: source.name, bytes: 0, lookedAt: now, newsAt: now, error: null, whole: false, badLines: 0 },
      ...{ control: 'log', waiting: null, answer: null },
    };
  }

  /** The first look; its faults are the caller's to tell. */
  async begin(former: boolean): Promise<void> {
    this.lock = await lockRun(this.id);
    try {
      if (former) this.record = await readRun(this.id);
      await this.look();
      if (!this.record || this.history.rows.length + this.history.evaluations.length === 0)
        throw new StudioError('tracker-unknown', `${this.source.name} has no loss`, { file: this.source.name });
    } catch (error) {
      this.stop();
      throw error;
    }
    this.settle();
  }

  listen(listener: (message: RunMessage) => void): void {
    this.listener = listener;
    if (this.feed) listener(this.feed.whole());
  }

  stop(): void {
    this.over = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.lock?.release();
    this.lock = null;
    this.source.close();
    following.delete(this.id);
  }

  leave(): void {
    this.stop();
    this.announce({ state: 'left' });
    // Without its lock it is one that was left, as for a listener now.
    if (this.record && isActive(this.record.state)) {
      this.record.state = 'interrupted';
      if (this.feed) this.listener?.(this.feed.increment());
    }
  }

  private announce(change: Partial<FollowStatus>): void {
    this.status = { ...this.status, ...change };
    this.tell(this.status);
  }

  /** The next look, later where looks take long or fail. */
  private settle(took = 0): void {
    if (this.over) return;
    const wait = Math.min(LONGEST_MS, Math.max(this.source.every * 2 ** Math.min(this.failures, 5), took / BUSY_PART));
    this.timer = setTimeout(() => void this.again(), wait);
  }

  private async again(): Promise<void> {
    const began = performance.now();
    try {
      await this.look();
      this.failures = 0;
    } catch (error) {
      this.failures += 1;
      if (!this.over) this.announce({ state: 'lost', error: faultOf(error, this.status.file), lookedAt: Date.now() });
    }
    this.settle(performance.now() - began);
  }

  private async look(): Promise<void> {
    if (this.looks++ % SEARCH_EVERY === 0 || this.logs.size === 0) await this.search();
    let news = false;
    let missing: string | null = null;
    for (const [path, one] of this.logs) {
      const found = await one.tail.more(
        (bytes) => one.log.add(bytes),
        () => (one.log = new GrowingLog(path)),
      );
      if (found === 'missing') missing = path;
      if (found === 'anew') this.recipe = undefined;
      if (found === 'more' || found === 'anew') news = true;
    }
    if (missing !== null) {
      this.looks = 0;
      if (!news) throw new StudioError('file-missing', `${missing} is not there`, { file: this.source.name, wanted: missing });
    }
    const settled = !news;
    // Once more when it has come to rest: a last line without its end is whole then.
    if (news || this.looks % SEARCH_EVERY === 1 || this.status.waiting) await this.take(settled);
    const tails = [...this.logs.values()];
    const control = await this.controlState();
    if (this.over) return;
    this.announce({
      ...{ lookedAt: Date.now(), control, error: null },
      ...(news ? { newsAt: Date.now() } : {}),
      bytes: tails.reduce((sum, { tail }) => sum + tail.read, 0),
      whole: tails.some(({ tail }) => tail.whole),
      badLines: tails.reduce((sum, { log }) => sum + log.badLines, 0),
      state: this.record && !isActive(this.record.state) ? 'ended' : 'live',
    });
    if (this.status.state === 'ended') this.stop();
  }

  private async search(): Promise<void> {
    const paths = await this.source.files();
    if (paths.join() === [...this.logs.keys()].join()) return;
    const kept = this.logs;
    this.logs = new Map(paths.map((path) => [path, kept.get(path) ?? { log: new GrowingLog(path), tail: new Tail(this.source, path) }]));
    this.announce({ file: paths.length > 1 ? parentOf(paths[0]!) || this.source.name : (paths[0] ?? this.source.name) });
  }

  private async json(name: string): Promise<unknown> {
    const path = parentOf([...this.logs.keys()][0] ?? '') + name;
    try {
      const piece = await this.source.read(path, 0);
      return piece && (JSON.parse(text(piece.bytes)) as unknown);
    } catch {
      // It is being written, or is not there: the log itself is what counts.
      return null;
    }
  }

  /** What the log says now, onto the disk and to who listens. */
  private async take(settled: boolean): Promise<void> {
    const found = await this.imported(settled);
    if (!found || this.over) return;
    const { rows, evaluations, events = [], record } = found;
    const before = this.record;
    const history: History = { rows, evaluations, events };
    const state = record.imported!.format === 'crossfade' && record.stopReason !== null ? record.state : 'running';
    const fields = { ...record, state, followed: true };
    if (!before) {
      this.record = await storeImportedRun({ ...found, record: fields }, this.id);
    } else {
      const known = this.history;
      const kept =
        this.feed !== null && Object.keys(history).every((of) => goesOn(known[of as keyof History], history[of as keyof History]));
      const added: History = kept
        ? {
            rows: rows.slice(known.rows.length),
            evaluations: evaluations.slice(known.evaluations.length),
            events: events.slice(known.events.length),
          }
        : history;
      if (kept) await appendMetrics(this.id, linesOf(added));
      else await replaceMetrics(this.id, linesOf(history));
      const { name: _, createdAt: __, ...changed } = fields;
      const late = record.changes.some(({ step }, at) => at >= before.changes.length && step < before.step);
      const grows = kept && same(before.recipe, record.recipe) && !late && goesOn(before.changes, record.changes);
      this.record = await updateRun(this.id, { ...changed, updatedAt: Date.now() });
      if (grows && this.feed) {
        // The feed reads the record that it began with.
        Object.assign(before, this.record);
        this.record = before;
        for (const row of added.rows) this.feed.addRow(row);
        for (const evaluation of added.evaluations) this.feed.addEvaluation(evaluation);
        for (const event of added.events) this.feed.addEvent(event);
        this.history = history;
        return this.listener?.(this.feed.increment());
      }
    }
    this.history = history;
    this.feed = restoreFeed(this.record, history);
    this.listener?.(this.feed.whole());
  }

  private async imported(settled: boolean): Promise<ImportedRun | null> {
    const logs = [...this.logs.values()].map(({ log }) => log);
    const [log] = logs;
    if (!log?.kind) return null;
    const from = { file: this.status.file, now: Date.now() };
    if (log.studio) {
      // A host is asked once for what it may not have.
      const { folder } = this.source;
      if (this.recipe === undefined || (folder && this.recipe === null)) this.recipe = await this.json('recipe.json');
      const beside = this.recipe === null ? null : await this.json('changes.json');
      this.changes = allChanges(log.studio, readChanges(beside));
      this.answer(log.studio.refusals);
      return studioRun(
        log.studio,
        { recipe: logRecipe(log.studio, this.recipe), changes: this.changes },
        { ...from, name: this.source.name },
      );
    }
    if (log.kind === 'events') {
      const run = runOfEvents(
        this.source.name,
        logs.flatMap(({ events }) => events),
      );
      return importedRun(run, { ...from, format: 'tensorboard' });
    }
    const isParquet = text(log.bytes.slice(0, 4).buffer) === 'PAR1';
    const read = isParquet
      ? await parquetRuns({ file: new File([log.bytes.slice()], log.path), path: log.path }).then(
          ([last]) => last && { format: last.format, runs: [last.run] },
        )
      : log.read(settled);
    const run = read?.runs.at(-1);
    return run && read ? importedRun(run, { ...from, format: read.format }) : null;
  }

  // Control

  private async controlState(): Promise<ControlState> {
    const log = this.logs.values().next().value?.log;
    if (!log?.studio || !this.recipe) return 'log';
    const { folder } = this.source;
    if (!folder) return this.source.name.includes('://') ? 'address' : 'file';
    return (await (folder as unknown as AskedHandle).queryPermission({ mode: 'readwrite' })) === 'granted' ? 'takes' : 'ask';
  }

  async recheckControl(): Promise<void> {
    this.announce({ control: await this.controlState() });
  }

  async control({ settings, save, stop }: ControlWish): Promise<void> {
    const { record, source, status } = this;
    if (!record || !source.folder) return;
    const now = settingsAt(record.recipe, record.changes, record.step);
    const checked = checkChange(record.recipe, now, settings);
    const { waiting } = status;
    const wish: ControlWish = {
      settings: { ...waiting?.settings, ...checked },
      ...(save || waiting?.save ? { save: true } : {}),
      ...(stop || waiting?.stop ? { stop: true } : {}),
    };
    const asked = `${JSON.stringify(controlOf(wish, now), null, 2)}\n`;
    // The script knows a file by its hash and takes none twice: the same wish again is told apart by empty lines at its end.
    const known = new Set([...this.changes.map(({ control }) => control), ...this.written]);
    let [content, mark] = [asked, await hashOf(asked)];
    while (known.has(mark)) {
      content += '\n';
      mark = await hashOf(content);
    }
    this.refusals = this.logs.values().next().value?.log.studio?.refusals.length ?? 0;
    await writeText(source.folder, parentOf(status.file) + CONTROL, content);
    this.written.push(mark);
    this.announce({ waiting: wish, answer: null });
  }

  /** Has the script taken, or refused, what was written last? */
  private answer(refusals: readonly { step: number; sentence: string }[]): void {
    const mark = this.written.at(-1);
    if (!this.status.waiting || mark === undefined) return;
    const taken = this.changes.find(({ control }) => control === mark);
    const refused = refusals.length > this.refusals ? refusals.at(-1)! : null;
    if (taken) this.announce({ waiting: null, answer: { step: taken.step, refused: null } });
    else if (refused) this.announce({ waiting: null, answer: { step: refused.step, refused: refused.sentence } });
  }
}

const hashOf = (content: string): Promise<string> => sha256(new TextEncoder().encode(content));

/** control.json: of the schedule what differs from now. */
function controlOf({ settings: { shares, weights, schedule }, save, stop }: ControlWish, now: LiveSettings): Record<string, unknown> {
  const moved = Object.entries(schedule ?? {}).filter(([key, value]) => !same(value, now.schedule[key as keyof typeof now.schedule]));
  return {
    ...(shares ? { shares } : {}),
    ...(weights ? { weights } : {}),
    ...(moved.length > 0 ? { schedule: Object.fromEntries(moved) } : {}),
    ...(save ? { save } : {}),
    ...(stop ? { stop } : {}),
  };
}

/** What a handle throws has the platform's words alone. */
function faultOf(error: unknown, file: string): ErrorRecord {
  if (!(error instanceof DOMException)) return errorRecord(error);
  return errorRecord(new StudioError('file-unreadable', `${file}: ${error.message}`, { file, detail: error.message }));
}

const following = new Map<string, Follower>();
let listener: ((status: FollowStatus) => void) | null = null;

function followed(run: string): Follower {
  const found = following.get(run);
  if (!found) throw new StudioError('run-locked', `Run "${run}" is not followed by this tab`, { run });
  return found;
}

export const followedRuns: Omit<FollowedRuns, 'followPlace'> = {
  async watchFollows(told) {
    listener = told;
  },
  async follow(place: FollowPlace, run, port) {
    const id = run ?? crypto.randomUUID();
    const source = sourceOf(place, port);
    const follower = new Follower(id, source, (status) => listener?.(status));
    following.get(id)?.leave();
    following.set(id, follower);
    try {
      await follower.begin(run !== null);
      await putRecord('follows', { id, place });
    } catch (error) {
      throw error instanceof DOMException
        ? new StudioError('file-unreadable', error.message, { file: source.name, detail: error.message })
        : error;
    }
    return id;
  },
  listenFollowed: async (run, told) => followed(run).listen(told),
  control: (run, wish) => followed(run).control(wish),
  recheckControl: (run) => followed(run).recheckControl(),
  leave: async (run) => following.get(run)?.leave(),
};
