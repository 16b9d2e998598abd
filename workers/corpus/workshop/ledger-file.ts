/**
 * A pipeline's ledger as a file: Uint32 bytes of the header, the header in JSON (what is no column, and each column's type and
 * length), padded to 8 bytes, then the columns, each at a multiple of 8. Little-endian, as typed arrays are where browsers run.
 */
import type { PipelineLedger } from '../../../src/core/corpus/ledger';
import { files as storage, type FileStore } from '../../storage/files';
import { preparationFolder } from '../../storage/workshop';

const TYPES = { Uint8Array, Uint16Array, Uint32Array, Float32Array } as const;
type TypeName = keyof typeof TYPES;
type Column = InstanceType<(typeof TYPES)[TypeName]>;

interface Header {
  values: Record<string, unknown>;
  columns: { name: string; type: TypeName; length: number }[];
}

const pathOf = (preparation: string): string => `${preparationFolder(preparation)}/ledger.bin`;
const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8;

export async function writeLedger(preparation: string, ledger: PipelineLedger, store: FileStore = storage): Promise<void> {
  const header: Header = { values: {}, columns: [] };
  const columns: Column[] = [];
  for (const [name, value] of Object.entries(ledger) as [string, unknown][]) {
    if (!ArrayBuffer.isView(value)) header.values[name] = value;
    else {
      const column = value as Column;
      header.columns.push({ name, type: column.constructor.name as TypeName, length: column.length });
      columns.push(column);
    }
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const head = new Uint8Array(padded(4 + json.length)).fill(32);
  new DataView(head.buffer).setUint32(0, json.length, true);
  head.set(json, 4);
  await store.write(
    pathOf(preparation),
    (function* () {
      yield head;
      for (const column of columns) {
        yield new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
        yield new Uint8Array(padded(column.byteLength) - column.byteLength);
      }
    })(),
  );
}

/** The last one read: a page asks for many pages of rows of the same. */
let last: { preparation: string; ledger: PipelineLedger } | null = null;

/** Throws `file-missing`. */
export async function readLedger(preparation: string, store: FileStore = storage): Promise<PipelineLedger> {
  if (last?.preparation === preparation) return last.ledger;
  const bytes = await store.read(pathOf(preparation));
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const { values, columns } = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as Header;
  const ledger: Record<string, unknown> = { ...values };
  let at = padded(4 + length);
  for (const { name, type, length: count } of columns) {
    const column = new TYPES[type](bytes.buffer, at, count);
    ledger[name] = column;
    at += padded(column.byteLength);
  }
  last = { preparation, ledger: ledger as unknown as PipelineLedger };
  return last.ledger;
}
