/**
 * Preference pairs as rows: the prompt with the chosen answer, then the prompt with the rejected one, as the base's chat template
 * writes them. A pair of which one row is longer than the context is left out whole, since a cut answer is another one.
 */
import { StudioError } from '../../src/core/errors';
import { readRecord, type RecordKind, type Records } from '../../src/core/corpus/records';
import type { Message } from '../../src/core/corpus/row';
import type { Objective } from '../../src/core/recipe/schema';
import { dpoObjective, PairReferences, rewardObjective, type AnswerRow } from '../engine';
import { documentBatches, findCorpus, type Split } from '../storage/corpora';
import { chatTemplateOf, encodeMarked } from '../tokenizer/chat';
import { openTokenizer } from '../tokenizer/open';
import type { ChannelExamples, ExampleSource, SplitExamples } from './examples';

type PairObjective = Extract<Objective, { kind: 'reward' | 'dpo' }>;

/** Prompts and their answers as the base's chat template writes them. */
export interface TurnReader {
  /** What an answer is sampled after; null where the template refuses it. */
  prompt(messages: readonly Message[]): number[] | null;
  /** The same with an answer, whose last token ends the row. */
  answered(prompt: readonly Message[], answer: readonly Message[]): number[] | null;
}

/** @param prefix put before what the user says first */
export async function turnReader({ recipe, channel, tokenizer }: ExampleSource): Promise<TurnReader> {
  const { prefix } = recipe.channels[channel]!;
  const [template, { vocabulary }] = await Promise.all([
    chatTemplateOf(recipe.base, tokenizer),
    openTokenizer({ kind: 'model', model: recipe.base }),
  ]);
  const asked = (messages: readonly Message[]) => {
    const first = messages.findIndex(({ role }) => role === 'user');
    return prefix === undefined ? messages : messages.map((one, at) => (at === first ? { ...one, content: prefix + one.content } : one));
  };
  return {
    prompt(messages) {
      const text = template.prompt(asked(messages));
      return text === null ? null : tokenizer.encode(text, 'tokens');
    },
    answered(prompt, answer) {
      const conversation = template.conversation([...asked(prompt), ...answer]);
      if (!conversation) return null;
      const { ids, marks } = encodeMarked(tokenizer, vocabulary, conversation);
      // A template may write more behind the answer than ends it.
      return ids.slice(0, marks.lastIndexOf(1) + 1);
    },
  };
}

/**
 * Records of a split of a channel's corpus.
 * @throws StudioError `recipe-invalid` where the corpus is of no such kind
 */
export async function recordsOf<Kind extends RecordKind>(
  { recipe, channel }: ExampleSource,
  kinds: readonly Kind[],
  split: Split,
): Promise<Records[Kind][]> {
  const { id, corpus, objective } = recipe.channels[channel]!;
  const stored = await findCorpus(corpus);
  const kind = kinds.find((one) => one === stored.kind);
  if (!kind) {
    const values = { field: `channels.${id}.corpus`, value: stored.kind ?? 'text', accepted: `${kinds.join(', ')} (${objective!.kind})` };
    throw new StudioError(
      'recipe-invalid',
      `Recipe field ${values.field} is of kind ${values.value}; accepted: ${values.accepted}`,
      values,
    );
  }
  const records: Records[Kind][] = [];
  for await (const rows of documentBatches(stored, split)) for (const { text } of rows) records.push(readRecord(kind, text));
  return records;
}

interface Pair {
  /** Of both rows, one after the other. */
  ids: [chosen: number[], rejected: number[]];
  prompt: number;
  margin: number;
}

/** @throws StudioError `recipe-invalid` where the channel's rows are no preference pairs */
export async function pairExamples(source: ExampleSource, objective: PairObjective): Promise<SplitExamples> {
  const turns = await turnReader(source);
  const most = source.recipe.sequenceLength;
  const read = async (split: Split): Promise<ChannelExamples> => {
    const pairs = (await recordsOf(source, ['preferences'], split)).flatMap(({ prompt, chosen, rejected, margin = 0 }): Pair[] => {
      const before = turns.prompt(prompt);
      const [better, worse] = [turns.answered(prompt, chosen), turns.answered(prompt, rejected)];
      if (!before || !better || !worse || better.length > most || worse.length > most) return [];
      // As far as both rows begin with it: a tokenizer may join its end with an answer's beginning.
      const differs = before.findIndex((id, at) => better[at] !== id || worse[at] !== id);
      return [{ ids: [better, worse], prompt: Math.max(1, differs < 0 ? before.length : differs), margin }];
    });
    return examplesOfPairs(pairs, objective);
  };
  return { train: await read('train'), heldOut: await read('heldOut') };
}

export function examplesOfPairs(pairs: readonly Pair[], objective: PairObjective): ChannelExamples {
  const references = new PairReferences();
  return {
    count: pairs.length,
    rowsEach: 2,
    fill(batch, row, index) {
      const { context } = batch;
      pairs[index]!.ids.forEach((ids, at) => batch.ids.set(ids, (row + at) * context));
      // A pair is one unit: at the chosen answer's last token.
      batch.targets[row * context + pairs[index]!.ids[0].length - 1] = 0;
    },
    bytes: () => 0,
    objective(examples) {
      const own = examples.map((index) => pairs[index]!);
      const lying = own.flatMap(({ ids, prompt }) => ids.map(({ length }): AnswerRow => ({ prompt, length })));
      if (objective.kind === 'dpo') return dpoObjective(lying, examples, objective, references);
      return rewardObjective(
        lying,
        own.map(({ margin }) => (objective.margin ? margin : 0)),
      );
    },
  };
}
