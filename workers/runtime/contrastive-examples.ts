/**
 * Rows of contrastive learning: each document of a channel, as far as a row reaches, twice, and a hard negative of it where the recipe asks for one.
 * A negative is drawn by the seed of run, step and row; of held-out text always the same.
 */
import { addNoise, COMMON_SYNONYMS, deleteWords, Synonyms } from '../../src/core/text/perturb';
import type { Objective as ObjectiveFields, Recipe } from '../../src/core/recipe/schema';
import { Rng } from '../../src/core/rng/rng';
import { contrastiveObjective, PADDING } from '../engine';
import type { TextTokenizer } from '../tokenizer/text-tokenizer';
import type { ChannelTokens } from './channel-tokens';
import type { ChannelExamples, SplitExamples } from './examples';
import type { TokenBatch, TokenIds } from './trainable-model';

type Fields = Extract<ObjectiveFields, { kind: 'contrastive' }>;

/** Share of letters that noise changes, and of words with a synonym that are exchanged in a negative. */
const NOISE = 0.15;
const SYNONYMS = 0.5;
/** Share of words that a negative by synonyms loses: what is exchanged alone would say the same. */
const LOST = 0.3;

export function contrastiveExamples(
  { recipe, text, tokenizer }: { recipe: Recipe; text: ChannelTokens; tokenizer: TextTokenizer },
  fields: Fields,
): SplitExamples {
  const { sequenceLength } = recipe;
  return {
    train: new TextViews(text.train, text.trainDocuments, sequenceLength, tokenizer, fields),
    heldOut: new TextViews(text.heldOut.ids, text.heldOut.starts, sequenceLength, tokenizer, fields),
  };
}

class TextViews implements ChannelExamples {
  readonly rowsEach: 2 | 3;
  /** First token of each document with any text, and the one behind its last. */
  private readonly documents: { first: number; end: number }[] = [];
  private readonly width: number;
  private readonly synonyms = new Synonyms(COMMON_SYNONYMS);

  constructor(
    private readonly tokens: TokenIds,
    starts: Uint32Array,
    context: number,
    private readonly tokenizer: TextTokenizer,
    private readonly fields: Fields,
  ) {
    this.rowsEach = fields.negatives === 'none' ? 2 : 3;
    this.width = context - (tokenizer.frames ? 2 : 0);
    starts.forEach((first, document) => {
      // Without the token that closes it.
      const end = (starts[document + 1] ?? tokens.length) - 1;
      if (end > first) this.documents.push({ first, end });
    });
  }

  get count(): number {
    return this.documents.length;
  }

  /** No text is predicted. */
  bytes(): number {
    return 0;
  }

  objective() {
    return contrastiveObjective(this.fields.temperature, this.fields.pooling, this.rowsEach);
  }

  fill(batch: TokenBatch, row: number, index: number, seed: number): void {
    const { first, end } = this.documents[index]!;
    const ids = Array.from(this.tokens.subarray(first, Math.min(end, first + this.width)));
    this.write(batch, row, ids);
    this.write(batch, row + 1, ids);
    if (this.rowsEach === 3) this.write(batch, row + 2, this.negative(ids, new Rng(seed)));
    batch.targets[row * batch.context] = 0;
  }

  private negative(ids: number[], random: Rng): number[] {
    const text = this.tokenizer.decode(ids);
    const changed =
      this.fields.negatives === 'noise'
        ? addNoise(text, NOISE, random)
        : deleteWords(this.synonyms.swap(text, SYNONYMS, random), LOST, random);
    const encoded = this.tokenizer.encode(changed, 'plain').slice(0, this.width);
    return encoded.length > 0 ? encoded : ids;
  }

  private write(batch: TokenBatch, row: number, text: readonly number[]): void {
    const { frames, marks } = this.tokenizer;
    const framed = frames ? [marks.start, ...text, marks.end] : text;
    const from = row * batch.context;
    batch.ids.set(framed, from);
    if (framed.length === batch.context) return;
    batch.documents ??= new Int32Array(batch.ids.length);
    batch.documents.fill(PADDING, from + framed.length, from + batch.context);
  }
}
