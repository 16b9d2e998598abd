/**
 * Encodes documents in several workers. The batches do not depend on the number of workers and results are joined in document order,
 * so the ids are the same for any number of workers. If a worker cannot start or fails, this thread encodes its batch.
 */
import { NestedWorker } from '../rpc/nested-worker';
import { encodeDocuments, type EncodeMember, type EncodeOptions } from './encode-documents';
import type { EncodedSplit } from './shards';
import type { TextTokenizer, TokenizerFiles } from './text-tokenizer';

/** Characters of a batch, the unit of work that is sent to a worker. */
const BATCH = 256 * 1024;
/** Characters below which no workers are started: starting them takes about as long as encoding the text. */
const WORTH_IT = 16 * BATCH;
const MOST_WORKERS = 4;
/** Ids from which on a tokenizer in the crate takes 100 MiB and more in each worker. */
const LARGE = 100_000;

export class EncodePool {
  private members: Promise<Member[]> | null = null;

  /**
   * @param tokenizer for this thread; @param files of the same, for the workers
   * @param workers 0 or 1: this thread alone
   * @param worthIt characters from which on workers are started
   */
  constructor(
    private readonly tokenizer: TextTokenizer,
    private readonly files: () => Promise<TokenizerFiles>,
    private readonly workers = Math.min(tokenizer.usesCrate && tokenizer.size > LARGE ? 2 : MOST_WORKERS, navigator.hardwareConcurrency),
    private readonly worthIt = WORTH_IT,
  ) {}

  /**
   * The end-of-text token follows each document.
   * @throws StudioError `cancelled`
   */
  async encode(documents: readonly string[], options: EncodeOptions = {}): Promise<EncodedSplit> {
    const { special = 'plain', onBytes, signal } = options;
    const characters = documents.reduce((sum, { length }) => sum + length, 0);
    if (this.workers < 2 || characters < this.worthIt) return encodeDocuments(this.tokenizer, documents, options);
    const batches = batchesOf(documents);
    const results = new Array<EncodedSplit>(batches.length);
    let next = 0;
    let bytes = 0;
    const work = async (encode: EncodeMember['encode']): Promise<void> => {
      while (next < batches.length) {
        const at = next++;
        results[at] = await encode(batches[at]!, special).catch(() => encodeDocuments(this.tokenizer, batches[at]!, { special, signal }));
        bytes += results[at].bytes;
        onBytes?.(bytes);
        signal?.throwIfAborted();
      }
    };
    const members = await (this.members ??= this.start());
    if (members.length === 0) return encodeDocuments(this.tokenizer, documents, options);
    await Promise.all(members.map((member) => work(member.encode)));
    return joined(results);
  }

  async close(): Promise<void> {
    for (const member of (await this.members) ?? []) member.close();
    this.members = null;
  }

  /** @returns the started workers; an empty list when one of them cannot start */
  private async start(): Promise<Member[]> {
    const started: Member[] = [];
    try {
      const files = await this.files();
      for (let at = 0; at < this.workers; at++) started.push(startMember(at));
      await Promise.all(started.map((member) => member.open(files)));
      return started;
    } catch {
      for (const member of started) member.close();
      return [];
    }
  }
}

interface Member extends EncodeMember {
  close(): void;
}

function startMember(at: number): Member {
  const worker = new NestedWorker<EncodeMember>(
    new Worker(new URL('./encode-batch.worker.ts', import.meta.url), { type: 'module', name: `encode ${at + 1}` }),
  );
  return {
    open: (files) => worker.ask((member) => member.open(files)),
    encode: (documents, special) => worker.ask((member) => member.encode(documents, special)),
    close: () => worker.close(),
  };
}

function batchesOf(documents: readonly string[]): string[][] {
  const batches: string[][] = [];
  let size = BATCH;
  for (const document of documents) {
    if (size >= BATCH) {
      batches.push([]);
      size = 0;
    }
    batches.at(-1)!.push(document);
    size += document.length;
  }
  return batches;
}

function joined(parts: readonly EncodedSplit[]): EncodedSplit {
  const count = (length: (part: EncodedSplit) => number): number => parts.reduce((sum, part) => sum + length(part), 0);
  const total = count(({ ids }) => ids.length);
  const ids = parts[0]!.ids instanceof Uint16Array ? new Uint16Array(total) : new Uint32Array(total);
  const offsets = new Uint32Array(count((part) => part.offsets.length));
  const documentBytes = new Uint32Array(offsets.length);
  let at = 0;
  let document = 0;
  for (const part of parts) {
    ids.set(part.ids, at);
    documentBytes.set(part.documentBytes, document);
    for (const offset of part.offsets) offsets[document++] = at + offset;
    at += part.ids.length;
  }
  return { ids, offsets, documentBytes, bytes: count(({ bytes }) => bytes) };
}
