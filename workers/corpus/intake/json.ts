/**
 * A .json file: an array of objects or of strings, an object that holds such arrays, columns as arrays of one length, or a single
 * object. Rows are counted as they stand. There are no places to go on from: the structure before them would be lost.
 */
import { JsonElements, type JsonElement } from './json-elements';
import { addRow, emptyBatch, shorten, type FilePlan, type RowBatch, type RowReader } from './row-batch';
import type { ByteSource } from './byte-source';
import { textBlocks } from './text-blocks';

export const readJson: RowReader = async function* (source, plan) {
  const elements = new JsonElements();
  const channels = plan.channelField === null ? null : await readColumn(source, plan, plan.channelField);
  let row = 0;
  for await (const { text, done, undecodable } of textBlocks(source, plan)) {
    const batch = emptyBatch(source.path, done);
    batch.undecodable = undecodable;
    for (const element of elements.push(text)) if (addElement(batch, element, plan, channels, row + 1)) row++;
    yield batch;
  }
  const last = emptyBatch(source.path, source.size);
  if (!elements.complete) last.bad.push({ line: row + 1, reason: 'json', detail: '…' });
  else if (!elements.sawArray && elements.scalars.size > 0) {
    const value = (name: string | null) => (name === null ? null : parsed(elements.scalars.get(name) ?? 'null'));
    addRow(last, value(plan.textField), value(plan.channelField), 1);
  }
  yield last;
};

/** @returns whether the element is a row */
function addElement(batch: RowBatch, { key, index, json }: JsonElement, plan: FilePlan, channels: string[] | null, line: number): boolean {
  // Another column than the text's: its values are no rows.
  const column = key !== null && (key === plan.textField || json === null || !json.startsWith('{'));
  if (column && key !== plan.textField) return false;
  if (json === null) {
    batch.bad.push({ line, reason: 'too-long', detail: '' });
    return true;
  }
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    batch.bad.push({ line, reason: 'json', detail: shorten(error instanceof Error ? error.message : json) });
    return true;
  }
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    const row = value as Record<string, unknown>;
    addRow(batch, row[plan.textField ?? 'text'], plan.channelField === null ? null : row[plan.channelField], line);
  } else addRow(batch, value, channels?.[index] ?? null, line);
  return true;
}

/** A column given as an array, when the file has one by this name: its values are few different words. */
async function readColumn(source: ByteSource, plan: FilePlan, name: string): Promise<string[] | null> {
  const elements = new JsonElements();
  const values: string[] = [];
  const known = new Map<string, string>();
  for await (const { text } of textBlocks(source, plan)) {
    for (const { key, json } of elements.push(text)) {
      // Objects in an array carry their channel themselves.
      if (key === null || json?.startsWith('{')) return null;
      if (key !== name || json === null) continue;
      const value = String(parsed(json));
      if (!known.has(value)) known.set(value, value);
      values.push(known.get(value)!);
    }
  }
  return values.length > 0 ? values : null;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
