/** Parses and validates the parts of tokenizer.json and tokenizer_config.json that the studio reads. */
import { StudioError } from '../../src/core/errors';
import { NOTICE_NAMES, type TokenizerNotice } from '../../src/core/model/notices';
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

/** A normalizer, pre-tokenizer, post-processor or decoder, with the settings of those that the studio runs itself. */
export interface PipelineStep {
  type: string;
  normalizers?: PipelineStep[] | undefined;
  pretokenizers?: PipelineStep[] | undefined;
  decoders?: PipelineStep[] | undefined;
  processors?: PipelineStep[] | undefined;
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
  add_prefix_space?: boolean | null | undefined;
  use_regex?: boolean | undefined;
  clean_text?: boolean | undefined;
  handle_chinese_chars?: boolean | undefined;
  lowercase?: boolean | undefined;
  strip_accents?: boolean | null | undefined;
  prefix?: string | undefined;
  suffix?: string | undefined;
  cleanup?: boolean | undefined;
  pad_token?: string | undefined;
  word_delimiter_token?: string | undefined;
  length?: number | undefined;
  /** RobertaProcessing, BertProcessing. */
  cls?: [string, number] | undefined;
  sep?: [string, number] | undefined;
  /** TemplateProcessing. */
  single?: TemplatePart[] | undefined;
  special_tokens?: Record<string, { ids: number[] }> | undefined;
}
interface TemplatePart {
  SpecialToken?: { id: string } | undefined;
  Sequence?: { id: string } | undefined;
}
const named = z.tuple([z.string(), z.number().int()]);
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
  get processors() {
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
  add_prefix_space: z.boolean().nullish(),
  use_regex: z.boolean().optional(),
  clean_text: z.boolean().optional(),
  handle_chinese_chars: z.boolean().optional(),
  lowercase: z.boolean().optional(),
  strip_accents: z.boolean().nullish(),
  prefix: z.string().optional(),
  suffix: z.string().optional(),
  cleanup: z.boolean().optional(),
  pad_token: z.string().optional(),
  word_delimiter_token: z.string().optional(),
  length: z.number().int().min(1).optional(),
  cls: named.optional(),
  sep: named.optional(),
  single: z
    .array(
      z.looseObject({ SpecialToken: z.looseObject({ id: z.string() }).optional(), Sequence: z.looseObject({ id: z.string() }).optional() }),
    )
    .optional(),
  special_tokens: z.record(z.string(), z.looseObject({ ids: z.array(z.number().int().min(0)) })).optional(),
});

/** All but the vocabulary and the merges, which are too long for a schema, and in whose names anything may stand. */
const pipeline = z.object({
  version: z.literal('1.0').optional(),
  added_tokens: z
    .array(addedToken)
    .nullish()
    .transform((tokens) => tokens ?? []),
  normalizer: step.nullish(),
  pre_tokenizer: step.nullish(),
  post_processor: step.nullish(),
  decoder: step.nullish(),
  model: z.object({
    type: z.enum(['BPE', 'WordPiece', 'WordLevel', 'Unigram']).nullish(),
    dropout: z.number().nullish(),
    unk_token: z.string().nullish(),
    unk_id: z.number().int().min(0).nullish(),
    continuing_subword_prefix: z.string().nullish(),
    end_of_word_suffix: z.string().nullish(),
    fuse_unk: z.boolean().nullish(),
    byte_fallback: z.boolean().nullish(),
    ignore_merges: z.boolean().nullish(),
    max_input_chars_per_word: z.number().int().nullish(),
  }),
});
type Pipeline = z.infer<typeof pipeline>;
type Settings = Omit<Pipeline['model'], 'type'>;

type Vocab = ReadonlyMap<string, number>;
export type Merge = readonly [string, string];
export interface BpeModel extends Settings {
  type: 'BPE';
  vocab: Vocab;
  merges: readonly Merge[];
}
export interface WordPieceModel extends Settings {
  type: 'WordPiece';
  vocab: Vocab;
}
interface WordLevelModel extends Settings {
  type: 'WordLevel';
  vocab: Vocab;
}
export interface UnigramModel extends Settings {
  type: 'Unigram';
  /** Piece and score, in the order of ids. */
  vocab: readonly (readonly [string, number])[];
}
type TokenizerModel = BpeModel | WordPieceModel | WordLevelModel | UnigramModel;

export type TokenizerJson = Omit<Pipeline, 'model'> & {
  model: TokenizerModel;
  /** Added tokens that got another id than the file says, as `tokenizers` gives them: ids of its own follow the model's. */
  renumbered: readonly { content: string; written: number; given: number }[];
};
export type AddedToken = Pipeline['added_tokens'][number];

/** @throws StudioError `tokenizer-invalid` */
export function parseTokenizerJson(text: string, file = 'tokenizer.json'): TokenizerJson {
  const whole = parseJson(text, file);
  const parsed = pipeline.safeParse(whole);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw invalid(file, `${issue.path.join('.') || 'root'}: ${issue.message}`);
  }
  const { model: settings, added_tokens: added, ...steps } = parsed.data;
  const model = modelOf((whole as { model: RawModel }).model, settings, file);
  return { ...steps, model, ...withIds(added, model) };
}

interface RawModel {
  vocab?: unknown;
  merges?: unknown;
}

function modelOf(raw: RawModel, settings: Settings & { type?: TokenizerModel['type'] | null | undefined }, file: string): TokenizerModel {
  const type = settings.type ?? kindByShape(raw, settings);
  const { vocab } = raw;
  if (type === 'Unigram') {
    const pairs =
      Array.isArray(vocab) && vocab.every((entry) => Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'number');
    if (!pairs) throw invalid(file, 'model.vocab: not a list of pieces with their scores');
    const pieces = vocab as [string, number][];
    if (settings.unk_id != null && settings.unk_id >= pieces.length)
      throw invalid(file, `model.unk_id: ${settings.unk_id} is not in the vocabulary`);
    return { ...settings, type, vocab: pieces };
  }
  if (vocab === null || typeof vocab !== 'object' || Array.isArray(vocab)) throw invalid(file, 'model.vocab: not an object');
  const pieces = new Map<string, number>();
  // Own names only: a vocabulary has words such as "constructor" and "__proto__".
  for (const [piece, id] of Object.entries(vocab as Record<string, unknown>)) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0) throw invalid(file, `model.vocab: "${piece}" has no id`);
    pieces.set(piece, id);
  }
  return type === 'BPE' ? { ...settings, type, vocab: pieces, merges: mergesOf(raw.merges, file) } : { ...settings, type, vocab: pieces };
}

/** Files of old name no type. */
function kindByShape(
  { vocab, merges }: RawModel,
  { continuing_subword_prefix: prefix, max_input_chars_per_word: longest }: Settings,
): TokenizerModel['type'] {
  if (Array.isArray(vocab)) return 'Unigram';
  if (merges !== undefined) return 'BPE';
  return prefix === undefined && longest === undefined ? 'WordLevel' : 'WordPiece';
}

/** @throws StudioError where a merge of two pieces is written as text with more than one blank: nobody knows where to cut it */
function mergesOf(merges: unknown, file: string): Merge[] {
  if (!Array.isArray(merges)) throw invalid(file, 'model.merges: not a list');
  const pairs: Merge[] = [];
  for (const merge of merges as unknown[]) {
    if (typeof merge === 'string' && merge.startsWith('#version')) continue;
    const pair: unknown[] = typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : [];
    if (pair.length !== 2 || pair.some((piece) => typeof piece !== 'string'))
      throw invalid(
        file,
        `model.merges: merge ${pairs.length + 1} (${JSON.stringify(merge)}) is not two pieces with one blank between them`,
      );
    pairs.push(pair as [string, string]);
  }
  return pairs;
}

/** Ids of added tokens as `tokenizers` gives them: the model's where it has the token, else one after the other behind the model's. */
function withIds(tokens: readonly AddedToken[], model: TokenizerModel): Pick<TokenizerJson, 'added_tokens' | 'renumbered'> {
  const known = new Map(tokens.length === 0 ? [] : piecesOf(model));
  const byContent = new Map<string, AddedToken>();
  const renumbered: { content: string; written: number; given: number }[] = [];
  let next = model.type === 'Unigram' ? model.vocab.length : model.vocab.size;
  for (const token of tokens) {
    if (token.content === '') continue;
    const id = byContent.get(token.content)?.id ?? known.get(token.content) ?? next++;
    if (id !== token.id) renumbered.push({ content: token.content, written: token.id, given: id });
    byContent.set(token.content, { ...token, id });
  }
  return { added_tokens: [...byContent.values()], renumbered };
}

export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(file, error instanceof Error ? error.message : String(error));
  }
}

/** Pieces of the model with their ids; added tokens are apart. */
export function modelPieces({ model }: Pick<TokenizerJson, 'model'>): [piece: string, id: number][] {
  return piecesOf(model);
}

function piecesOf(model: TokenizerModel): [piece: string, id: number][] {
  return model.type === 'Unigram' ? model.vocab.map(([piece], id) => [piece, id]) : [...model.vocab];
}

/** Highest id + 1: the number of rows that an embedding must have. */
export function vocabularySize(tokenizer: TokenizerJson): number {
  let highest = -1;
  for (const [, id] of modelPieces(tokenizer)) highest = Math.max(highest, id);
  for (const { id } of tokenizer.added_tokens) highest = Math.max(highest, id);
  return highest + 1;
}

/**
 * The tokenizer for a table of `rows` rows. Added tokens beyond them (a padding that somebody added) cannot be looked up: their text
 * is then ordinary text.
 * @throws StudioError `tokenizer-mismatch` where pieces of the model itself have no row
 */
export function withinRows(tokenizer: TokenizerJson, rows: number): { tokenizer: TokenizerJson; unreachable: readonly AddedToken[] } {
  const pieces = modelPieces(tokenizer).reduce((most, [, id]) => Math.max(most, id + 1), 0);
  if (pieces > rows)
    throw new StudioError('tokenizer-mismatch', `The tokenizer has ${pieces} tokens, the model's vocabulary ${rows}`, {
      tokenizerSize: pieces,
      modelSize: rows,
    });
  const unreachable = tokenizer.added_tokens.filter(({ id }) => id >= rows);
  return { tokenizer: { ...tokenizer, added_tokens: tokenizer.added_tokens.filter(({ id }) => id < rows) }, unreachable };
}

/**
 * The end-of-text token: `eos_token` of tokenizer_config.json, else `eos_token_id` of config.json, else what the tokenizer puts behind a text or
 * calls the separator (BERT).
 * @throws StudioError `tokenizer-invalid` when neither names a token of the vocabulary
 */
export function endOfText(tokenizer: TokenizerJson, tokenizerConfig: unknown, modelConfig: unknown): number {
  const named = namedToken(tokenizer, tokenizerConfig, 'eos_token');
  if (named !== undefined) return named;
  const ids = field(modelConfig, 'eos_token_id');
  const id: unknown = Array.isArray(ids) ? ids[0] : ids;
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < vocabularySize(tokenizer)) return id;
  const last = sequenceEnds(tokenizer).after.at(-1) ?? namedToken(tokenizer, tokenizerConfig, 'sep_token');
  if (last !== undefined && last < vocabularySize(tokenizer)) return last;
  throw invalid(
    'tokenizer_config.json',
    'no end-of-text token: eos_token and sep_token name none of the vocabulary, and config.json has no eos_token_id',
  );
}

/**
 * The token before a text: the one that the post-processor puts there, else `bos_token` of tokenizer_config.json. None where
 * `add_bos_token` is false, and where the vocabulary does not have it.
 */
export function startOfText(tokenizer: TokenizerJson, tokenizerConfig: unknown): number | undefined {
  if (field(tokenizerConfig, 'add_bos_token') === false) return undefined;
  const [first] = sequenceEnds(tokenizer).before;
  return first !== undefined && first < vocabularySize(tokenizer) ? first : namedToken(tokenizer, tokenizerConfig, 'bos_token');
}

/** What stands for a hidden token, where the vocabulary has such a token. */
export function maskToken(tokenizer: TokenizerJson, tokenizerConfig: unknown): number | undefined {
  const known = ['[MASK]', '<mask>', '<|mask|>'];
  return (
    namedToken(tokenizer, tokenizerConfig, 'mask_token') ??
    tokenizer.added_tokens.find(({ content }) => known.includes(content))?.id ??
    modelPieces(tokenizer).find(([piece]) => known.includes(piece))?.[1]
  );
}

/** Id of a token that tokenizer_config.json names, as text or as an object. */
function namedToken(tokenizer: TokenizerJson, tokenizerConfig: unknown, name: string): number | undefined {
  const named = field(tokenizerConfig, name);
  const content = typeof named === 'string' ? named : field(named, 'content');
  return (
    tokenizer.added_tokens.find((token) => token.content === content)?.id ??
    modelPieces(tokenizer).find(([piece]) => piece === content)?.[1]
  );
}

/** Ids that the tokenizer itself puts before and after a text, where special tokens are asked for. */
export function sequenceEnds({ post_processor: step }: Pick<TokenizerJson, 'post_processor'>): { before: number[]; after: number[] } {
  const none = { before: [], after: [] };
  switch (step?.type) {
    case 'BertProcessing':
    case 'RobertaProcessing':
      return step.cls && step.sep ? { before: [step.cls[1]], after: [step.sep[1]] } : none;
    case 'TemplateProcessing': {
      const ends: { before: number[]; after: number[] } = none;
      let side: 'before' | 'after' = 'before';
      for (const part of step.single ?? []) {
        if (part.Sequence) side = 'after';
        else if (part.SpecialToken) ends[side].push(...(step.special_tokens?.[part.SpecialToken.id]?.ids ?? []));
      }
      return ends;
    }
    case 'Sequence':
      return (step.processors ?? []).reduce<{ before: number[]; after: number[] }>((ends, each) => {
        const own = sequenceEnds({ post_processor: each });
        return { before: [...own.before, ...ends.before], after: [...ends.after, ...own.after] };
      }, none);
    default:
      return none;
  }
}

/** What is told of a tokenizer's added tokens once it is open. */
export function tokenNotices({ renumbered }: TokenizerJson, unreachable: readonly AddedToken[], rows: number): TokenizerNotice[] {
  const notices: TokenizerNotice[] = [];
  const names = (tokens: readonly { content: string }[]): string[] => tokens.slice(0, NOTICE_NAMES).map(({ content }) => content);
  if (unreachable.length > 0) notices.push({ kind: 'tokens-beyond', rows, count: unreachable.length, names: names(unreachable) });
  if (renumbered.length > 0) notices.push({ kind: 'tokens-renumbered', count: renumbered.length, names: names(renumbered) });
  return notices;
}

function field(value: unknown, name: string): unknown {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[name] : undefined;
}

export function invalid(file: string, detail: string): StudioError {
  return new StudioError('tokenizer-invalid', `${file}: ${detail}`, { file, detail });
}
