/** Parses and validates the parts of tokenizer.json and tokenizer_config.json that the studio reads. */
import { StudioError } from '../../src/core/errors';
import { z } from '../../src/core/zod';

const addedToken = z.looseObject({
  id: z.number().int().min(0),
  content: z.string(),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().optional(),
  special: z.boolean().default(false),
});

/** A normalizer, pre-tokenizer or decoder, with the settings of those that the studio runs itself. */
export interface PipelineStep {
  type: string;
  normalizers?: PipelineStep[] | undefined;
  pretokenizers?: PipelineStep[] | undefined;
  decoders?: PipelineStep[] | undefined;
  pattern?: { String?: string | undefined; Regex?: string | undefined } | undefined;
  content?: string | undefined;
  prepend?: string | undefined;
  start?: number | undefined;
  stop?: number | undefined;
  behavior?: string | undefined;
  invert?: boolean | undefined;
  replacement?: string | undefined;
  prepend_scheme?: string | undefined;
  split?: boolean | undefined;
  add_prefix_space?: boolean | undefined;
  use_regex?: boolean | undefined;
  clean_text?: boolean | undefined;
  handle_chinese_chars?: boolean | undefined;
  lowercase?: boolean | undefined;
  strip_accents?: boolean | null | undefined;
}
const step: z.ZodType<PipelineStep> = z.looseObject({
  type: z.string(),
  get normalizers() {
    return z.array(step).optional();
  },
  get pretokenizers() {
    return z.array(step).optional();
  },
  get decoders() {
    return z.array(step).optional();
  },
  pattern: z.looseObject({ String: z.string().optional(), Regex: z.string().optional() }).optional(),
  content: z.string().optional(),
  prepend: z.string().optional(),
  start: z.number().optional(),
  stop: z.number().optional(),
  behavior: z.string().optional(),
  invert: z.boolean().optional(),
  replacement: z.string().optional(),
  prepend_scheme: z.string().optional(),
  split: z.boolean().optional(),
  add_prefix_space: z.boolean().optional(),
  use_regex: z.boolean().optional(),
  clean_text: z.boolean().optional(),
  handle_chinese_chars: z.boolean().optional(),
  lowercase: z.boolean().optional(),
  strip_accents: z.boolean().nullish(),
});

const id = z.number().int().min(0);
const bpe = z.looseObject({
  type: z.literal('BPE'),
  dropout: z.number().nullish(),
  unk_token: z.string().nullish(),
  continuing_subword_prefix: z.string().nullish(),
  end_of_word_suffix: z.string().nullish(),
  fuse_unk: z.boolean().nullish(),
  byte_fallback: z.boolean().nullish(),
  ignore_merges: z.boolean().nullish(),
  vocab: z.record(z.string(), id),
  merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
});
const wordPiece = z.looseObject({
  type: z.literal('WordPiece'),
  unk_token: z.string().nullish(),
  continuing_subword_prefix: z.string().nullish(),
  max_input_chars_per_word: z.number().int().nullish(),
  vocab: z.record(z.string(), id),
});
const unigram = z.looseObject({
  type: z.literal('Unigram'),
  unk_id: id.nullish(),
  byte_fallback: z.boolean().nullish(),
  vocab: z.array(z.tuple([z.string(), z.number()])),
});

const tokenizerJson = z.looseObject({
  added_tokens: z.array(addedToken).default([]),
  normalizer: step.nullish(),
  pre_tokenizer: step.nullish(),
  decoder: step.nullish(),
  model: z.discriminatedUnion('type', [bpe, wordPiece, unigram]),
});

export type TokenizerJson = z.infer<typeof tokenizerJson>;
export type AddedToken = TokenizerJson['added_tokens'][number];
export type BpeModel = z.infer<typeof bpe>;
export type WordPieceModel = z.infer<typeof wordPiece>;
export type UnigramModel = z.infer<typeof unigram>;

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

/** Pieces of the model with their ids, without added tokens. */
export function modelPieces({ model }: TokenizerJson): [piece: string, id: number][] {
  return model.type === 'Unigram' ? model.vocab.map(([piece], id) => [piece, id]) : Object.entries(model.vocab);
}

/** Highest id + 1: the number of rows that an embedding must have. */
export function vocabularySize(tokenizer: TokenizerJson): number {
  let highest = -1;
  for (const [, id] of modelPieces(tokenizer)) highest = Math.max(highest, id);
  for (const { id } of tokenizer.added_tokens) highest = Math.max(highest, id);
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
    const id =
      tokenizer.added_tokens.find((token) => token.content === content)?.id ??
      modelPieces(tokenizer).find(([piece]) => piece === content)?.[1];
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
