/** The parts of tokenizer.json and tokenizer_config.json that the studio reads, checked. */
import { StudioError } from '../../src/core/errors';
import { z } from '../../src/core/zod';

const addedToken = z.looseObject({
  id: z.number().int().min(0),
  content: z.string(),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  special: z.boolean().default(false),
});

const tokenizerJson = z.looseObject({
  added_tokens: z.array(addedToken).default([]),
  normalizer: z.looseObject({ type: z.string() }).nullish(),
  pre_tokenizer: z.looseObject({ type: z.string(), add_prefix_space: z.boolean().optional(), use_regex: z.boolean().optional() }).nullish(),
  decoder: z.looseObject({ type: z.string() }).nullish(),
  model: z.looseObject({
    type: z.literal('BPE'),
    dropout: z.number().nullish(),
    continuing_subword_prefix: z.string().nullish(),
    end_of_word_suffix: z.string().nullish(),
    byte_fallback: z.boolean().nullish(),
    ignore_merges: z.boolean().nullish(),
    vocab: z.record(z.string(), z.number().int().min(0)),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
  }),
});

export type TokenizerJson = z.infer<typeof tokenizerJson>;
export type AddedToken = TokenizerJson['added_tokens'][number];

/** @throws StudioError `tokenizer-invalid` */
export function parseTokenizerJson(text: string, file = 'tokenizer.json'): TokenizerJson {
  const parsed = tokenizerJson.safeParse(parseJson(text, file));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw invalid(file, `${issue.path.join('.') || 'root'}: ${issue.message}`);
}

export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(file, error instanceof Error ? error.message : String(error));
  }
}

/** Ids that the tokenizer can give: one more than the highest, which is what an embedding must hold. */
export function vocabularySize({ model, added_tokens: added }: TokenizerJson): number {
  let highest = -1;
  for (const id of Object.values(model.vocab)) highest = Math.max(highest, id);
  for (const { id } of added) highest = Math.max(highest, id);
  return highest + 1;
}

/**
 * The end-of-text token: `eos_token` of tokenizer_config.json, else `eos_token_id` of config.json.
 * @throws StudioError `tokenizer-invalid` when neither names a token of the vocabulary
 */
export function endOfText(tokenizer: TokenizerJson, tokenizerConfig: unknown, modelConfig: unknown): number {
  const named = field(tokenizerConfig, 'eos_token');
  const content = typeof named === 'string' ? named : field(named, 'content');
  if (typeof content === 'string') {
    const id = tokenizer.added_tokens.find((token) => token.content === content)?.id ?? tokenizer.model.vocab[content];
    if (id !== undefined) return id;
  }
  const ids = field(modelConfig, 'eos_token_id');
  const id: unknown = Array.isArray(ids) ? ids[0] : ids;
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < vocabularySize(tokenizer)) return id;
  throw invalid(
    'tokenizer_config.json',
    'no end-of-text token: eos_token names none of the vocabulary, and config.json has no eos_token_id',
  );
}

function field(value: unknown, name: string): unknown {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[name] : undefined;
}

function invalid(file: string, detail: string): StudioError {
  return new StudioError('tokenizer-invalid', `${file}: ${detail}`, { file, detail });
}
