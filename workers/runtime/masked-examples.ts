/**
 * Rows of masked language modelling and of permuted factorisation: windows of a channel's text of which some tokens are hidden. Which ones follows from
 * the seed of run, step and row, so that a run that was killed hides the same; of held-out text always the same.
 */
import { bisectRight } from 'd3-array';
import { drawPlaces, hiddenCount, permutedCount, standIn } from '../../src/core/recipe/masks';
import type { Objective as ObjectiveFields, Recipe } from '../../src/core/recipe/schema';
import { deriveSeed, Rng } from '../../src/core/rng/rng';
import { maskedObjective, PADDING } from '../engine';
import type { TextTokenizer } from '../tokenizer/text-tokenizer';
import type { ChannelTokens } from './channel-tokens';
import type { ChannelExamples, SplitExamples } from './examples';
import type { TokenBatch, TokenIds } from './trainable-model';

type Fields = Extract<ObjectiveFields, { kind: 'mlm' | 'plm' }>;

interface Source {
  recipe: Recipe;
  text: ChannelTokens;
  tokenizer: TextTokenizer;
}

/** Null where the loss is that of the next token alone: its rows are then those of any text. */
export function maskedExamples({ recipe, text, tokenizer }: Source, fields: Fields): SplitExamples | null {
  if (fields.kind === 'mlm' && fields.clmWeight === 1) return null;
  const apart = recipe.packing === 'separate';
  const context = recipe.sequenceLength;
  return {
    train: new MaskedWindows(text.train, apart ? text.trainDocuments : null, context, tokenizer, fields),
    heldOut: new MaskedWindows(text.heldOut.ids, apart ? text.heldOut.starts : null, context, tokenizer, fields),
  };
}

class MaskedWindows implements ChannelExamples {
  readonly rowsEach = 1;
  readonly count: number;
  private readonly tokenBytes: Uint16Array;
  /** Tokens of text in a row; where texts stand between marks, two fewer than it has. */
  private readonly width: number;

  /** @param starts where documents start, which a row keeps apart; null: they are joined */
  constructor(
    private readonly tokens: TokenIds,
    private readonly starts: Uint32Array | null,
    context: number,
    private readonly tokenizer: TextTokenizer,
    private readonly fields: Fields,
  ) {
    this.width = context - (tokenizer.frames ? 2 : 0);
    this.count = tokens.length < 2 ? 0 : Math.ceil(tokens.length / this.width);
    this.tokenBytes = tokenizer.byteLengths();
  }

  objective() {
    return maskedObjective(this.fields.kind === 'mlm' ? this.fields.clmWeight : 0);
  }

  fill(batch: TokenBatch, row: number, index: number, seed: number): void {
    const { ids, targets, context } = batch;
    const from = row * context;
    const { text, start, places, random } = this.drawn(index, seed);
    const { frames, marks, size } = this.tokenizer;
    const first = from + Number(frames);
    const kept = this.fields.kind === 'mlm' ? this.fields : { replace: 1, random: 0 };
    if (frames) {
      ids[from] = marks.start;
      ids[first + text.length] = marks.end;
    }
    text.forEach((token, at) => (ids[first + at] = token));
    for (const at of places) {
      targets[first + at] = text[at]!;
      ids[first + at] = standIn(text[at]!, { replace: kept.replace, random: kept.random, mask: marks.mask, vocabulary: size }, random);
    }
    const used = text.length + (frames ? 2 : 0);
    if (!this.starts && used === context) return;
    const documents = (batch.documents ??= new Int32Array(ids.length));
    documents.fill(PADDING, from + used, from + context);
    if (!this.starts) return;
    for (let at = 0; at < used; at++) {
      const token = start + Math.min(text.length - 1, Math.max(0, at - Number(frames)));
      documents[from + at] = bisectRight(this.starts, token);
    }
  }

  /** UTF-8 bytes of the held-out tokens that are hidden. */
  bytes(index: number): number {
    const { text, places } = this.drawn(index, deriveSeed(0, 'held-out', index));
    return places.reduce((sum, at) => sum + (this.tokenBytes[text[at]!] ?? 0), 0);
  }

  /** The last window ends with the text. */
  private drawn(index: number, seed: number): { text: Uint32Array; start: number; places: number[]; random: Rng } {
    const start = Math.max(0, Math.min(index * this.width, this.tokens.length - this.width));
    const text = Uint32Array.from(this.tokens.subarray(start, start + this.width));
    const random = new Rng(seed);
    const { fields, tokenizer } = this;
    const candidates = Array.from(text.keys()).filter((at) => !tokenizer.isSpecial(text[at]!) && text[at] !== tokenizer.endOfText);
    const count =
      fields.kind === 'mlm'
        ? hiddenCount(candidates.length, fields.rate)
        : permutedCount(hiddenCount(candidates.length, fields.predict), random);
    const unit = fields.kind === 'mlm' ? fields.unit : 'token';
    const words = unit === 'token' ? null : tokenizer.words(text);
    return { text, start, places: drawPlaces(candidates, Math.min(count, candidates.length), unit, (at) => words![at]!, random), random };
  }
}
