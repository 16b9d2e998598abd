/**
 * Arrow's IPC streams (what Hugging Face `datasets` saves) and files (Feather 2) by flechette, loaded when first needed: record batch
 * by record batch. The file format is a stream behind a magic word, with a footer that need not be read. A cursor counts record batches.
 * Format: https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
 */
import { StudioError } from '../../../src/core/errors';
import { ByteReader } from '../../archive/byte-reader';
import { unpackLz4Frame } from '../../archive/lz4';
import { isTorn } from '../../archive/unpack';
import type { ByteSource } from './byte-source';
import type { Row } from './record';
import { addRecord, emptyBatch, rootColumns, shorten, type RowReader } from './row-reader';

/** Bytes of one message: a record batch is held as a whole. */
const LARGEST_MESSAGE = 2 ** 30;
const CONTINUATION = 0xffff_ffff;
/** Kinds of message. */
const SCHEMA = 1;
const RECORD_BATCH = 3;

interface Message {
  kind: number;
  /** Prefix, metadata and body, aligned. */
  bytes: Uint8Array<ArrayBuffer>;
}

const library = async () => {
  const [{ tableFromIPC, setCompressionCodec, CompressionType }, { decompress }] = await Promise.all([
    import('@uwdata/flechette'),
    import('fzstd'),
  ]);
  const encode = (): never => {
    throw new Error('Nothing is packed here');
  };
  setCompressionCodec(CompressionType.ZSTD, {
    encode,
    // Buffers are read by words, which must lie at even places.
    decode: (bytes) => decompress(bytes).slice(),
  });
  setCompressionCodec(CompressionType.LZ4_FRAME, { encode, decode: unpackLz4Frame });
  return { table: (messages: Uint8Array[]) => tableFromIPC(messages, { useBigInt: true, useDate: true }) };
};

function invalid(path: string, detail: string): StudioError {
  return new StudioError('arrow-invalid', `${path} is no readable Arrow file: ${detail}`, { file: path, detail });
}

/** Message after message, up to the end of the stream. @throws StudioError `arrow-invalid` */
async function* messages(path: string, reader: ByteReader): AsyncGenerator<Message> {
  const magic = await reader.read(8);
  const word = new TextDecoder('latin1').decode(magic);
  if (word.startsWith('FEA1')) throw invalid(path, 'it is Feather version 1; write it again with version 2');
  if (!word.startsWith('ARROW1')) reader.back(magic);
  for (let first = true; ; first = false) {
    const prefix = await reader.read(4);
    if (prefix.length === 0 && !first) return;
    let lengthBytes = prefix;
    const continued = prefix.length === 4 && uint32(prefix, 0) === CONTINUATION;
    if (continued) lengthBytes = await reader.read(4);
    if (lengthBytes.length < 4) throw invalid(path, `it ends at byte ${reader.offset}`);
    const length = uint32(lengthBytes, 0);
    if (length === 0) return;
    if (length > LARGEST_MESSAGE || (first && length > 2 ** 26)) throw invalid(path, 'it does not begin with an Arrow schema');
    const metadata = (await reader.read(length)).slice();
    if (metadata.length < length) throw invalid(path, `it ends at byte ${reader.offset}`);
    const { kind, bodyLength } = header(metadata);
    if (first && kind !== SCHEMA) throw invalid(path, 'it does not begin with an Arrow schema');
    if (bodyLength > LARGEST_MESSAGE) throw invalid(path, `a record batch has ${bodyLength} bytes, more than ${LARGEST_MESSAGE}`);
    const body = await reader.read(bodyLength);
    if (body.length < bodyLength) throw invalid(path, `it ends at byte ${reader.offset}`);
    const bytes = new Uint8Array(8 + length + bodyLength);
    new DataView(bytes.buffer).setUint32(0, CONTINUATION, true);
    new DataView(bytes.buffer).setUint32(4, length, true);
    bytes.set(metadata, 8);
    bytes.set(body, 8 + length);
    yield { kind, bytes };
  }
}

/** Kind and body's length, from the flatbuffer table of a message: version, kind of header, header, body's length. */
function header(metadata: Uint8Array): { kind: number; bodyLength: number } {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  const table = view.getInt32(0, true);
  const vtable = table - view.getInt32(table, true);
  const field = (slot: number) => (slot < view.getUint16(vtable, true) ? view.getUint16(vtable + slot, true) : 0);
  const [kind, bodyLength] = [field(6), field(10)];
  return {
    kind: kind === 0 ? 0 : view.getUint8(table + kind),
    bodyLength: bodyLength === 0 ? 0 : Number(view.getBigInt64(table + bodyLength, true)),
  };
}

function uint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true);
}

/** First rows; the columns of a file without rows are known all the same. @throws StudioError `arrow-invalid` */
export async function arrowHead(source: ByteSource, most: number): Promise<Row[]> {
  const { table } = await library();
  const reader = new ByteReader(source.read(0));
  const needed: Uint8Array[] = [];
  try {
    for await (const { kind, bytes } of messages(source.path, reader)) {
      needed.push(bytes);
      if (kind !== RECORD_BATCH) continue;
      const read = table(needed);
      if (read.numRows > 0) return Array.from({ length: Math.min(most, read.numRows) }, (_, at) => read.at(at) as Row);
      needed.pop();
    }
    return [Object.fromEntries(table(needed).names.map((name) => [String(name), null]))];
  } catch (error) {
    throw error instanceof StudioError || error instanceof DOMException ? error : invalid(source.path, String(error));
  } finally {
    await reader.close();
  }
}

export const readArrow: RowReader = async function* (source, plan, from) {
  const { table } = await library();
  const reader = new ByteReader(source.read(0));
  /** Schema and dictionaries: what a record batch is read with. */
  const needed: Uint8Array[] = [];
  let batches = 0;
  let rows = 0;
  try {
    for await (const { kind, bytes } of messages(source.path, reader)) {
      if (kind !== RECORD_BATCH) {
        needed.push(bytes);
        continue;
      }
      if (batches++ < from.offset) {
        rows = from.line - 1;
        continue;
      }
      const batch = emptyBatch(source.path, reader.offset);
      const whole = table([...needed, bytes]);
      const read = whole.select(rootColumns(plan, whole.names.map(String)));
      for (let at = 0; at < read.numRows; at++) addRecord(batch, plan, read.at(at), ++rows);
      batch.cursor = { offset: batches, line: rows + 1 };
      yield batch;
    }
  } catch (error) {
    if (isTorn(error) || error instanceof DOMException) throw error;
    const told = error instanceof StudioError ? error : invalid(source.path, String(error));
    if (rows === 0) throw told;
    // What came before stays.
    yield {
      ...emptyBatch(source.path, reader.offset),
      bad: [{ line: rows + 1, reason: 'torn', detail: shorten(String(told.values['detail'])) }],
    };
  } finally {
    await reader.close();
  }
};
