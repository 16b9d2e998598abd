/** Tokenizers at hand, as one list to choose from: those of models, then those trained or imported here. */
import type { ModelRecord } from '../contract/library';
import type { TokenizerRecord, TokenizerRef } from '../contract/tokenizer';

export interface TokenizerChoice {
  key: string;
  ref: TokenizerRef;
  name: string;
  /** Ids of its vocabulary; a model's table may be larger than its tokenizer. */
  size: number;
  /** The model, or null for a tokenizer by itself. */
  model: ModelRecord | null;
}

export function choicesOf(models: readonly ModelRecord[], tokenizers: readonly TokenizerRecord[]): TokenizerChoice[] {
  return [
    ...models.map((model): TokenizerChoice => ({
      key: modelKey(model.id),
      ref: { kind: 'model', model: model.id },
      name: model.name,
      size: model.vocabulary,
      model,
    })),
    ...tokenizers.map(({ id, name, size }): TokenizerChoice => ({
      key: tokenizerKey(id),
      ref: { kind: 'tokenizer', tokenizer: id },
      name,
      size,
      model: null,
    })),
  ];
}

export const modelKey = (id: string): string => `model:${id}`;
export const tokenizerKey = (id: string): string => `tokenizer:${id}`;

export function findChoice(choices: readonly TokenizerChoice[], key: string | null): TokenizerChoice | null {
  return choices.find((choice) => choice.key === key) ?? null;
}
