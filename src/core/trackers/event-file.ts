/**
 * TensorBoard's event files: records of an Event message each, framed as TFRecord (length, its masked CRC-32C, message, its masked CRC-32C;
 * all little endian). Written are the scalars that torch's SummaryWriter writes; read are those of it, of TensorFlow 2 (a tensor of one
 * number) and of whatever else writes scalars in one of the two ways.
 */
import { createCRC32 } from 'hash-wasm';
import { StudioError } from '../errors';
import type { Point } from './tracked-run';

/** A scalar at a step; `time` in epoch milliseconds. */
export interface ScalarEvent extends Point {
  tag: string;
}

type Checksum = (bytes: Uint8Array) => number;

/** Castagnoli's polynomial, bits reversed. */
const CRC32C = 0x82f63b78;

/** rotr(crc, 15) + 0xa282ead8, as TFRecord stores it, so that a file within a file does not check by accident. */
async function maskedChecksum(): Promise<Checksum> {
  const hasher = await createCRC32(CRC32C);
  return (bytes) => {
    const digest = hasher.init().update(bytes).digest('binary');
    const crc = ((digest[0]! << 24) | (digest[1]! << 16) | (digest[2]! << 8) | digest[3]!) >>> 0;
    return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  };
}

// ---------------------------------------------------------------- protocol buffers, as far as events use them

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

class Message {
  private readonly bytes: number[] = [];

  /** 0 is what an absent number means, and is left out. */
  varint(field: number, value: number): this {
    if (value === 0) return this;
    this.raw((field << 3) | VARINT);
    return this.raw(value);
  }
  double(field: number, value: number): this {
    this.raw((field << 3) | FIXED64);
    this.bytes.push(...new Uint8Array(new Float64Array([value]).buffer));
    return this;
  }
  float(field: number, value: number): this {
    this.raw((field << 3) | FIXED32);
    this.bytes.push(...new Uint8Array(new Float32Array([value]).buffer));
    return this;
  }
  part(field: number, value: Uint8Array): this {
    this.raw((field << 3) | BYTES);
    this.raw(value.length);
    for (const byte of value) this.bytes.push(byte);
    return this;
  }
  text(field: number, value: string): this {
    return this.part(field, new TextEncoder().encode(value));
  }
  done(): Uint8Array {
    return Uint8Array.from(this.bytes);
  }
  /** A whole number of at most 53 bits. */
  private raw(value: number): this {
    let rest = value;
    while (rest >= 128) {
      this.bytes.push((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    this.bytes.push(rest);
    return this;
  }
}

interface Field {
  field: number;
  /** Of a varint. */
  number: number;
  /** Of the other kinds. */
  bytes: Uint8Array;
}

/** The fields of a message. @throws RangeError where it is none */
function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw new RangeError('a message ends within a number');
      // Negative steps are ten bytes of two's complement; nothing here has one.
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  const take = (length: number) => {
    if (at + length > message.length) throw new RangeError('a message ends within a field');
    return message.subarray(at, (at += length));
  };
  while (at < message.length) {
    const key = varint();
    const field = Math.floor(key / 8);
    const kind = key % 8;
    if (kind === VARINT) yield { field, number: varint(), bytes: message.subarray(0, 0) };
    else if (kind === FIXED64 || kind === FIXED32) yield { field, number: NaN, bytes: take(kind === FIXED64 ? 8 : 4) };
    else if (kind === BYTES) yield { field, number: NaN, bytes: take(varint()) };
    else throw new RangeError(`a field of kind ${kind}`);
  }
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const doubleOf = (bytes: Uint8Array) => viewOf(bytes).getFloat64(0, true);
const floatOf = (bytes: Uint8Array) => viewOf(bytes).getFloat32(0, true);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

// ---------------------------------------------------------------- events

/** Event: wall_time 1, step 2, file_version 3, summary 5; Summary: value 1; Value: tag 1, simple_value 2, tensor 8. */
const FILE_VERSION = 'brain.Event:2';
/** TensorProto: dtype 1, tensor_content 4, float_val 5, double_val 6. */
const DT_FLOAT = 1;
const DT_DOUBLE = 2;

function scalarMessage({ tag, step, value, time }: ScalarEvent): Uint8Array {
  const entry = new Message().text(1, tag).float(2, value).done();
  return new Message()
    .double(1, time / 1000)
    .varint(2, step)
    .part(5, new Message().part(1, entry).done())
    .done();
}

/** A file that TensorBoard reads. @param at epoch milliseconds of its first record */
export async function writeEventFile(events: readonly ScalarEvent[], at: number): Promise<Uint8Array<ArrayBuffer>> {
  const checksum = await maskedChecksum();
  const version = new Message()
    .double(1, at / 1000)
    .text(3, FILE_VERSION)
    .done();
  const messages = [version, ...events.map(scalarMessage)];
  const file = new Uint8Array(messages.reduce((sum, { length }) => sum + length + 16, 0));
  const view = viewOf(file);
  let offset = 0;
  for (const message of messages) {
    view.setUint32(offset, message.length, true);
    view.setUint32(offset + 8, checksum(file.subarray(offset, offset + 8)), true);
    file.set(message, offset + 12);
    view.setUint32(offset + 12 + message.length, checksum(message), true);
    offset += message.length + 16;
  }
  return file;
}

/** A scalar of a Summary.Value; null where it is something else, a histogram or an image. */
function scalarOf(value: Uint8Array): { tag: string; value: number } | null {
  let tag = '';
  let number: number | null = null;
  for (const { field, bytes } of fieldsOf(value)) {
    if (field === 1) tag = textOf(bytes);
    else if (field === 2) number = floatOf(bytes);
    else if (field === 8) number = tensorOf(bytes);
  }
  return number === null || tag === '' ? null : { tag, value: number };
}

/** The number of a tensor that holds one; null of a larger one, or of no floats. */
function tensorOf(tensor: Uint8Array): number | null {
  let type = 0;
  let content: Uint8Array | null = null;
  for (const { field, number, bytes } of fieldsOf(tensor)) {
    if (field === 1) type = number;
    else if (field === 4 || field === 5 || field === 6) content = bytes;
  }
  if (content === null) return null;
  if (type === DT_FLOAT && content.length === 4) return floatOf(content);
  return type === DT_DOUBLE && content.length === 8 ? doubleOf(content) : null;
}

/**
 * Scalars of an event file, in its order. A file that is being written ends within a record: what is before it is read.
 * @throws StudioError `tracker-unknown` where the bytes are no event file, `tracker-damaged` where a record before the last does not check
 */
export async function readEventFile(file: Uint8Array, name: string): Promise<ScalarEvent[]> {
  const { events } = await readRecords(file, name, 0);
  if (events.length === 0 && file.length < 12)
    throw new StudioError('tracker-unknown', `${name}: no record of an event file`, { file: name });
  return events;
}

/**
 * Scalars of the whole records of a part of an event file that begins at byte `from` of it, where a record does.
 * @returns bytes of the part that were whole records too. @throws as `readEventFile`
 */
export async function readRecords(file: Uint8Array, name: string, from: number): Promise<{ events: ScalarEvent[]; read: number }> {
  const checksum = await maskedChecksum();
  const view = viewOf(file);
  const events: ScalarEvent[] = [];
  const refuse = (at: number, found: string): never => {
    const byte = from + at;
    if (byte === 0) throw new StudioError('tracker-unknown', `${name}: ${found}`, { file: name });
    throw new StudioError('tracker-damaged', `${name}: ${found} at byte ${byte}`, { file: name, byte });
  };
  let offset = 0;
  while (offset + 12 <= file.length) {
    if (view.getUint32(offset + 8, true) !== checksum(file.subarray(offset, offset + 8))) refuse(offset, 'no record of an event file');
    const length = view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;
    const end = offset + 12 + length;
    if (end + 4 > file.length) break;
    const message = file.subarray(offset + 12, end);
    if (view.getUint32(end, true) !== checksum(message)) refuse(offset, 'a record with another check sum');
    try {
      events.push(...scalarsOf(message));
    } catch (error) {
      refuse(offset, error instanceof Error ? error.message : String(error));
    }
    offset = end + 4;
  }
  return { events, read: offset };
}

function scalarsOf(event: Uint8Array): ScalarEvent[] {
  let time = 0;
  let step = 0;
  const values: Uint8Array[] = [];
  for (const { field, number, bytes } of fieldsOf(event)) {
    if (field === 1) time = doubleOf(bytes) * 1000;
    else if (field === 2) step = number;
    else if (field === 5) for (const part of fieldsOf(bytes)) if (part.field === 1) values.push(part.bytes);
  }
  return values.flatMap((value) => {
    const scalar = scalarOf(value);
    return scalar ? [{ ...scalar, step, time }] : [];
  });
}
