/** JSON Lines: one object a line. A line that is none is named, and the rest is used. Places are byte and line. */
import { lineBlocks } from './line-blocks';
import { addRow, emptyBatch, shorten, type RowReader } from './row-batch';

export const readJsonLines: RowReader = async function* (source, plan, from) {
  const { textField, channelField } = plan;
  let undecodable = 0;
  for await (const { text, line: first, end, tooLong, stream } of lineBlocks(source, plan, from)) {
    const batch = emptyBatch(source.path, end);
    for (const line of tooLong) batch.bad.push({ line, reason: 'too-long', detail: '' });
    let line = first;
    for (let start = 0; start < text.length; line++) {
      const found = text.indexOf('\n', start);
      const stop = found < 0 ? text.length : found;
      const json = text.slice(start, stop);
      start = stop + 1;
      let value: unknown;
      try {
        value = JSON.parse(json);
      } catch (error) {
        // Blank lines are no rows; asking here keeps the question off every sound line.
        if (/\S/.test(json)) batch.bad.push({ line, reason: 'json', detail: shorten(error instanceof Error ? error.message : json) });
        continue;
      }
      const row = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
      addRow(batch, row[textField ?? 'text'], channelField === null ? null : row[channelField], line);
    }
    batch.undecodable = stream.undecodable - undecodable;
    undecodable = stream.undecodable;
    batch.place = { offset: end, line };
    yield batch;
  }
};
