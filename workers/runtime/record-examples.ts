/**
 * Examples of channels whose rows are records. Conversations share rows whole, each apart from the others where the recipe says so; answers'
 * tokens are predicted, or all. A labelled text has a row of its own, and its label is the target at its last token.
 */
import { StudioError } from '../../src/core/errors';
import { readRecord } from '../../src/core/corpus/records';
import type { Recipe } from '../../src/core/recipe/schema';
import { documentBatches, findCorpus, type Split } from '../storage/corpora';
import { classification, nextToken } from '../engine';
import type { ChannelTokens } from './channel-tokens';
import type { ChannelExamples, SplitExamples } from './examples';
import type { TokenBatch, TokenIds } from './trainable-model';

/** Tokens of a document that an example is made of. */
interface Stretch {
  start: number;
  /** One past its last token. */
  end: number;
}

/** The documents of a split, without the end-of-text token that closes each. */
function stretches(ids: TokenIds, starts: Uint32Array): Stretch[] {
  return Array.from(starts, (start, at) => ({ start, end: (starts[at + 1] ?? ids.length) - 1 }));
}

/** What became of the conversations of a split. */
export interface PackedConversations {
  /** Of each row, its conversations. */
  rows: Stretch[][];
  /** Longer than a row: their ends are left out. */
  truncated: number;
  /** Without a predicted token within a row. */
  left: number;
}

/**
 * Conversations in rows of `context` predictions by best fit, the longest first (TRL's `bfd`): none is cut unless it is longer than a row.
 * @param predicts whether a token is predicted
 */
export function packConversations(
  documents: readonly Stretch[],
  context: number,
  predicts: (token: number) => boolean,
): PackedConversations {
  const packed: PackedConversations = { rows: [], truncated: 0, left: 0 };
  const whole = documents.flatMap(({ start, end }) => {
    // The last token of a stretch is a target alone.
    const cut = { start, end: Math.min(end, start + context + 1) };
    let some = false;
    for (let token = cut.start + 1; token < cut.end && !some; token++) some = predicts(token);
    if (!some) packed.left++;
    else if (cut.end < end) packed.truncated++;
    return some ? [cut] : [];
  });
  const places = ({ start, end }: Stretch) => end - start - 1;
  whole.sort((a, b) => places(b) - places(a) || a.start - b.start);
  /** Rows by the places that are free in them. */
  const free: Stretch[][][] = Array.from({ length: context + 1 }, () => []);
  for (const one of whole) {
    const needed = places(one);
    let room = needed;
    while (room <= context && free[room]!.length === 0) room++;
    const row = room <= context ? free[room]!.pop()! : [];
    if (row.length === 0) packed.rows.push(row);
    row.push(one);
    free[(room <= context ? room : context) - needed]!.push(row);
  }
  return packed;
}

function conversationExamples(
  ids: TokenIds,
  starts: Uint32Array,
  marks: Uint8Array,
  { context, all, apart, tokenBytes }: { context: number; all: boolean; apart: boolean; tokenBytes: ArrayLike<number> },
): ChannelExamples {
  const predicts = (token: number) => all || marks[token] === 1;
  const { rows } = packConversations(stretches(ids, starts), context, predicts);
  return {
    count: rows.length,
    rowsEach: 1,
    fill(batch, row, index) {
      if (apart) batch.documents ??= new Int32Array(batch.rows * batch.context);
      let at = row * batch.context;
      rows[index]!.forEach(({ start, end }, number) => {
        for (let token = start; token + 1 < end; token++, at++) {
          batch.ids[at] = ids[token]!;
          batch.targets[at] = predicts(token + 1) ? ids[token + 1]! : -1;
          if (apart) batch.documents![at] = number;
        }
      });
      pad(batch, row, at, rows[index]!.length);
    },
    bytes(index) {
      let sum = 0;
      for (const { start, end } of rows[index]!)
        for (let token = start + 1; token < end; token++) if (predicts(token)) sum += tokenBytes[ids[token]!] ?? 0;
      return sum;
    },
    objective: () => nextToken,
  };
}

/** The rest of a row, from `at` on, predicts nothing. */
function pad(batch: TokenBatch, row: number, at: number, document: number): void {
  const end = (row + 1) * batch.context;
  batch.targets.fill(-1, at, end);
  batch.documents?.fill(document, at, end);
}

/** @throws StudioError `recipe-invalid` for a corpus without conversations, `channel-empty` */
export function conversations(recipe: Recipe, channel: number, text: ChannelTokens, tokenBytes: ArrayLike<number>): SplitExamples {
  const { id, objective } = recipe.channels[channel]!;
  const { records } = text;
  if (records?.kind !== 'conversations' && records?.kind !== 'preferences')
    throw wrongKind(id, 'sft', records?.kind, 'conversations, preferences');
  const options = {
    context: recipe.sequenceLength,
    all: objective?.kind === 'sft' && objective.loss === 'all',
    apart: recipe.packing === 'separate',
    tokenBytes,
  };
  return {
    train: conversationExamples(text.train, text.trainDocuments, records.marks.train, options),
    heldOut: conversationExamples(text.heldOut.ids, text.heldOut.starts, records.marks.heldOut, options),
  };
}

/** What a row of a labelled text holds: its tokens, as many as fit, and the index of its label. */
export interface LabelledTokens extends Stretch {
  label: number;
}

/** @param labels of each document, by their index; −1 where a label is not among those of the head: such texts are left out */
export function labelledTexts(ids: TokenIds, starts: Uint32Array, labels: readonly number[], context: number): LabelledTokens[] {
  return stretches(ids, starts).flatMap(({ start, end }, at) =>
    labels[at]! < 0 || end === start ? [] : [{ start, end: Math.min(end, start + context), label: labels[at]! }],
  );
}

/** Writes a labelled text into a row. The rest of it is behind the text, where causal attention keeps it from the text. */
export function fillLabelled(batch: TokenBatch, row: number, ids: TokenIds, { start, end, label }: LabelledTokens): void {
  const first = row * batch.context;
  for (let token = start; token < end; token++) batch.ids[first + token - start] = ids[token]!;
  batch.targets.fill(-1, first, first + batch.context);
  batch.targets[first + end - start - 1] = label;
}

/** Index of each document's label among these names; −1 for others. */
export async function labelsOf(corpus: string, split: Split, names: readonly string[]): Promise<number[]> {
  const index = new Map(names.map((name, at) => [name, at]));
  const labels: number[] = [];
  for await (const batch of documentBatches(await findCorpus(corpus), split))
    for (const { text } of batch) labels.push(index.get(readRecord('labelled', text).label) ?? -1);
  return labels;
}

/** @throws StudioError `recipe-invalid` for a corpus without labels, or with none of those that the recipe names */
export async function labelled(recipe: Recipe, channel: number, text: ChannelTokens): Promise<SplitExamples> {
  const { id, corpus, objective } = recipe.channels[channel]!;
  if (text.records?.kind !== 'labelled') throw wrongKind(id, 'classification', text.records?.kind, 'labelled');
  if (objective?.kind !== 'classification') throw new Error('The channel has another objective');
  const { labels, pooling } = objective;
  const split = async (name: Split, ids: TokenIds, starts: Uint32Array): Promise<ChannelExamples> => {
    const found = labelledTexts(ids, starts, await labelsOf(corpus, name, labels), recipe.sequenceLength);
    const known = [...new Set(found.map(({ label }) => label))];
    if (name === 'train' && known.length < 2)
      throw new StudioError('labels-single', `Channel ${id} has texts of ${known.length} of its labels`, {
        channel: id,
        found: known.map((label) => labels[label]!).join(', ') || '—',
        labels: labels.join(', '),
      });
    return {
      count: found.length,
      rowsEach: 1,
      fill: (batch, row, index) => fillLabelled(batch, row, ids, found[index]!),
      bytes: () => 0,
      objective: () => classification(pooling),
    };
  };
  const { ids, starts } = text.heldOut;
  return { train: await split('train', text.train, text.trainDocuments), heldOut: await split('heldOut', ids, starts) };
}

function wrongKind(channel: string, objective: string, found: string | undefined, accepted: string): StudioError {
  const values = { field: `channels.${channel}.corpus`, value: found ?? 'text', accepted: `${accepted} (${objective})` };
  return new StudioError('recipe-invalid', `Recipe field ${values.field} is of kind ${values.value}; accepted: ${values.accepted}`, values);
}
