/**
 * Texts that a run writes at each evaluation after the prompts of its recipe, and the probabilities of the token that follows each. They draw
 * from random numbers of their own, which begin anew at every evaluation: the run trains as without them, and a run that was killed writes
 * the same texts again. Two texts of one prompt differ by the weights alone.
 */
import type { WrittenText } from '../../src/core/run/types';
import { deriveSeed, Rng } from '../../src/core/rng/rng';
import type { EvaluationPrompts } from '../../src/core/recipe/schema';
import { CachedDecoder, type DecoderModel } from '../engine';
import { sampleToken } from '../engine/model/sample';
import { StreamDecoder } from '../tokenizer/decoder';
import type { TextTokenizer } from '../tokenizer/text-tokenizer';

/** Likeliest next tokens that are kept. */
const KEPT = 8;

/** What writes: logits in, text out. */
export interface Writer {
  encode(prompt: string): number[];
  /** Ids that end a text. */
  stop: ReadonlySet<number>;
  /** Begins a text: logits [V] after the ids given so far, and how it is let go. */
  open(): { append(ids: readonly number[]): Promise<Float32Array>; dispose(): void };
  /** Text of ids one after another; an incomplete character waits for its rest. */
  reader(): { push(id: number): string; end(): string };
}

export interface PromptTexts {
  /** In the order of the prompts. @param between called before each token; false ends it, and null is returned */
  write(between: () => Promise<boolean>, exclusively: <T>(work: () => Promise<T>) => Promise<T>): Promise<WrittenText[] | null>;
}

/** @param seed the run's */
export function promptTexts({ texts, tokens, temperature }: EvaluationPrompts, seed: number, writer: Writer): PromptTexts {
  return {
    async write(between, exclusively) {
      const written: WrittenText[] = [];
      for (const [at, prompt] of texts.entries()) {
        const random = new Rng(deriveSeed(seed, 'prompts', at));
        const state = writer.open();
        const reader = writer.reader();
        let text = '';
        let next: WrittenText['next'] = [];
        try {
          let pending: readonly number[] = writer.encode(prompt);
          for (let count = 0; count < tokens; count++) {
            if (!(await between())) return null;
            const given = pending;
            const logits = await exclusively(() => state.append(given));
            if (count === 0) next = likeliest(logits, writer);
            const id = sampleToken(logits, { temperature, topK: 0, topP: 1 }, random.uniform());
            if (writer.stop.has(id)) break;
            text += reader.push(id);
            pending = [id];
          }
        } finally {
          state.dispose();
        }
        written.push({ text: text + reader.end(), next });
      }
      return written;
    },
  };
}

/** The likeliest tokens with their probabilities, in thousandths of a percent; of equals the lower id first. */
function likeliest(logits: Float32Array, writer: Writer): WrittenText['next'] {
  const top = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
  const largest = logits[top[0]!]!;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return top.slice(0, KEPT).map((id) => {
    const reader = writer.reader();
    const token = reader.push(id) + reader.end();
    return { id, token, p: Math.round((Math.exp(logits[id]! - largest) / sum) * 1e5) / 1e5 };
  });
}

/** The model as it trains, with its tokenizer. */
export function modelWriter(model: DecoderModel, tokenizer: TextTokenizer): Writer {
  return {
    encode(prompt) {
      const ids = tokenizer.encode(prompt);
      return ids.length > 0 ? ids : [tokenizer.startOfText];
    },
    stop: new Set([tokenizer.endOfText, ...model.config.endOfText]),
    open() {
      const decoder = new CachedDecoder(model);
      return {
        // A vocabulary may be padded beyond the tokenizer's last id; those rows mean nothing.
        append: async (ids) => (await decoder.append([ids])).subarray(0, tokenizer.size),
        dispose: () => decoder.dispose(),
      };
    },
    reader: () => new StreamDecoder(tokenizer),
  };
}
