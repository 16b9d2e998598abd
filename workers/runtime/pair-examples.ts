/**
 * Preference pairs as rows: the prompt with the chosen answer, then the prompt with the rejected one, each ended by the end of text. A pair of
 * which one row is longer than the context is left out whole, since a cut answer is another one.
 */
import { StudioError } from '../../src/core/errors';
import { readRecord, type RecordKind, type Records } from '../../src/core/corpus/records';
import type { Message } from '../../src/core/corpus/row';
import type { Objective } from '../../src/core/recipe/schema';
import { dpoObjective, PairReferences, rewardObjective, type AnswerRow } from '../engine';
import { documentBatches, findCorpus, type Split } from '../storage/corpora';
import type { TextTokenizer } from '../tokenizer/text-tokenizer';
import type { ChannelExamples, ExampleSource, SplitExamples } from './examples';

type PairObjective = Extract<Objective, { kind: 'reward' | 'dpo' }>;

/** Tokens of a prompt, after the one that a text starts with. */
export function promptIds(tokenizer: TextTokenizer, prompt: readonly Message[], prefix = ''): number[] {
  const text = prompt.map(({ content }) => content).join('\n');
  return [tokenizer.startOfText, ...tokenizer.encode(`${prefix}${text}\n`, 'plain')];
}

/** Tokens of an answer with the one that ends it. */
function answerIds(tokenizer: TextTokenizer, answer: readonly Message[]): number[] {
  return [...tokenizer.encode(answer.map(({ content }) => content).join('\n'), 'plain'), tokenizer.endOfText];
}

/**
 * Records of a split of a channel's corpus.
 * @throws StudioError `recipe-invalid` where a row is no record of the kind
 */
export async function recordsOf<Kind extends RecordKind>(
  { recipe, channel }: ExampleSource,
  kind: Kind,
  split: Split,
): Promise<Records[Kind][]> {
  const { id, corpus, objective } = recipe.channels[channel]!;
  const records: Records[Kind][] = [];
  for await (const rows of documentBatches(await findCorpus(corpus), split))
    for (const { text } of rows)
      try {
        records.push(readRecord(kind, text));
      } catch {
        const values = { field: `channels.${id}.objective`, value: objective!.kind, accepted: kind };
        throw new StudioError(
          'recipe-invalid',
          `Recipe field ${values.field} is ${values.value}; it reads ${kind}, and the text of corpus "${corpus}" is none: ${text.slice(0, 80)}`,
          values,
        );
      }
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
  const { recipe, channel, tokenizer } = source;
  const { prefix } = recipe.channels[channel]!;
  const read = async (split: Split): Promise<ChannelExamples> => {
    const pairs = (await recordsOf(source, 'preferences', split)).map(({ prompt, chosen, rejected, margin = 0 }): Pair => {
      const before = promptIds(tokenizer, prompt, prefix);
      const row = (answer: readonly Message[]) => [...before, ...answerIds(tokenizer, answer)];
      return { ids: [row(chosen), row(rejected)], prompt: before.length, margin };
    });
    return examplesOfPairs(
      pairs.filter(({ ids }) => ids.every(({ length }) => length <= recipe.sequenceLength)),
      objective,
    );
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
