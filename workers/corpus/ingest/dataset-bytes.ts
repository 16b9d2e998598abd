/**
 * Bytes of a data set's files at a hub. This worker may not reach another origin: ranges are asked of the hub worker on a port, counted,
 * and kept within a budget. A stream ends where the budget does; a parquet file is read as far as its row groups or pages fit.
 */
import { releaseProxy, wrap, type Remote } from 'comlink';
import type { HubRanges } from '../../../src/contract/hub';
import type { RemoteFile } from '../../../src/contract/ingest';
import type { ByteSource } from './byte-source';
import { kindOf } from './row-reader';

/** Bytes asked for at a time, and those of a stream's first times: a look at the beginning needs no more. */
const PIECE = 4 * 2 ** 20;
const FIRST_PIECE = 256 * 1024;
/** What was fetched to look at a file is kept for the reading that follows, and so are footers. */
const MOST_KEPT = 32 * 2 ** 20;
const SMALL = 64 * 1024;
/** Of parquet the beginning tells nothing. */
const PARQUET_HEAD = 4;

/** What is asked for goes beyond the budget; nothing was fetched. */
export class BudgetSpent extends Error {}

interface Kept {
  from: number;
  bytes: Uint8Array<ArrayBuffer>;
}

export class DatasetBytes {
  /** Bytes that were asked of the host, without the overhead of the protocol. */
  fetched = 0;
  budget = Infinity;
  /** Files are only looked at, as before an ingest: what is fetched is kept. */
  looking = true;
  /** Of the bytes fetched those for looks. */
  private looked = 0;
  onFetched: () => void = () => undefined;
  private readonly remote: Remote<HubRanges>;
  private readonly kept = new Map<string, Kept[]>();
  private held = 0;

  constructor(port: MessagePort) {
    this.remote = wrap<HubRanges>(port);
  }

  /** An ingest begins: what was fetched for looks counts, what a former one fetched that was cancelled does not. */
  begin(budget: number): void {
    this.looking = false;
    this.fetched = this.looked;
    this.budget = budget;
  }

  /** It has ended; files may be looked at again. */
  end(): void {
    this.looking = true;
    this.budget = Infinity;
    this.onFetched = () => undefined;
  }

  get left(): number {
    return Math.max(0, this.budget - this.fetched);
  }

  close(): void {
    this.remote[releaseProxy]();
  }

  source(path: string, { remote: file, size }: RemoteFile): ByteSource {
    const state = { spent: false };
    const bytes = async (from: number, to: number) => new Uint8Array(await this.slice(file, from, Math.min(to, size)));
    const parquet = kindOf(path) === 'parquet';
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- generators have no arrow form
    const all = this;
    return {
      path,
      size,
      blob: null,
      slice: (from, to) => this.slice(file, from, to),
      head: (count) =>
        bytes(0, Math.min(size, parquet ? PARQUET_HEAD : Math.max(count, Math.min(FIRST_PIECE, this.left)))).then((head) =>
          head.slice(0, count),
        ),
      async *read(from) {
        let piece = FIRST_PIECE;
        for (let at = from; at < size; piece = all.looking ? FIRST_PIECE : Math.min(PIECE, 2 * piece)) {
          const to = Math.min(size, at + piece);
          const missing = all.missing(file, at, to);
          const within = missing <= all.left ? to : at + (to - at - missing) + all.left;
          if (within > at) yield await bytes(at, within);
          if (within < to) {
            state.spent = true;
            return;
          }
          at = to;
        }
      },
      remote: {
        get left() {
          return all.left;
        },
        get looking() {
          return all.looking;
        },
        state,
      },
    };
  }

  /** What is kept from that byte on. */
  private keptAt(file: string, from: number): Kept | null {
    let best: Kept | null = null;
    const end = (part: Kept) => part.from + part.bytes.length;
    for (const part of this.kept.get(file) ?? [])
      if (part.from <= from && from < end(part) && (!best || end(part) > end(best))) best = part;
    return best;
  }

  /** Bytes of a range that would have to be fetched; what is kept of it stands at its beginning. */
  private missing(file: string, from: number, to: number): number {
    const kept = this.keptAt(file, from);
    return Math.max(0, to - Math.max(from, kept ? kept.from + kept.bytes.length : from));
  }

  /** @throws BudgetSpent before anything is fetched */
  private async slice(file: string, from: number, to: number): Promise<ArrayBuffer> {
    const missing = this.missing(file, from, to);
    if (missing > this.left) throw new BudgetSpent(`${missing} of ${this.left} bytes`);
    const out = new Uint8Array(to - from);
    const kept = this.keptAt(file, from);
    const begin = to - missing;
    if (kept) out.set(kept.bytes.subarray(from - kept.from, begin - kept.from));
    // Counted at once: other ranges are asked for meanwhile.
    this.fetched += missing;
    let at = begin;
    try {
      for (; at < to; at = Math.min(to, at + PIECE)) {
        out.set(new Uint8Array(await this.remote.range(file, at, Math.min(to, at + PIECE))), at - from);
        this.onFetched();
      }
    } finally {
      this.fetched -= to - at;
    }
    if (this.looking) this.looked += missing;
    if ((this.looking || missing <= SMALL) && missing > 0 && this.held + missing <= MOST_KEPT) {
      this.held += missing;
      this.kept.set(file, [...(this.kept.get(file) ?? []), { from, bytes: out.slice() }]);
    }
    return out.buffer;
  }
}

let connected: DatasetBytes | null = null;

/** One data set at a time: the port before is given up. */
export function connectDataset(port: MessagePort): void {
  connected?.close();
  connected = new DatasetBytes(port);
}

/** Null where no hub is connected, as after a reload. */
export function connectedDataset(): DatasetBytes | null {
  return connected;
}
