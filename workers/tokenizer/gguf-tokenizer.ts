/**
 * Tokenizers in the metadata of GGUF files, to and from Hugging Face's tokenizer.json. GGUF names how text is split before BPE by a word
 * (`tokenizer.ggml.pre`), for which llama.cpp has the expressions; what stands there is what both llama.cpp and transformers read from
 * such a file, so a tokenizer's NFC, which neither applies then, is not put back.
 */
import { invalidGguf, type GgufMetadata } from '../engine/checkpoint/gguf';
import type { GgufEntry } from '../engine/checkpoint/gguf-write';
import { unwritable } from '../engine/model/gguf-architectures';
import { PATTERNS } from './pre-tokenizer';
import {
  endOfText,
  modelPieces,
  parseJson,
  parseTokenizerJson,
  startOfText,
  type BpeModel,
  type Merge,
  type PipelineStep,
} from './tokenizer-json';

const KEY = 'tokenizer.ggml.';
const TEMPLATE = 'tokenizer.chat_template';

/** llama.cpp's kinds of tokens. */
const TOKEN = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

const byteLevel = (useRegex: boolean): PipelineStep & { trim_offsets: boolean } => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
});
const split = (expression: string): PipelineStep & { pattern: { Regex: string } } => ({
  type: 'Split',
  pattern: { Regex: expression },
  behavior: 'Isolated',
  invert: false,
});
const sequence = (...pretokenizers: PipelineStep[]): PipelineStep => ({ type: 'Sequence', pretokenizers });

interface Kind {
  /** Values of `tokenizer.ggml.pre`; exports write the first. */
  names: readonly string[];
  preTokenizer: PipelineStep;
  /** A pre-token that is a token as a whole is taken as it is. */
  ignoreMerges: boolean;
  /** Whether a text begins with BOS where the file does not say. */
  startsText: boolean;
}

const kind = (preTokenizer: PipelineStep, names: readonly string[], { ignoreMerges = false, startsText = false } = {}): Kind => ({
  ...{ names, preTokenizer, ignoreMerges, startsText },
});

/** Ways to split text before byte-level BPE, each by its pre-tokenizer in tokenizer.json. */
const kinds: readonly Kind[] = [
  kind(byteLevel(true), ['gpt-2', 'phi-2', 'mpt', 'olmo', 'jais', 'trillion', 'gigachat', 'roberta-bpe']),
  kind(sequence(split(PATTERNS.llama3), byteLevel(false)), ['llama-bpe', 'llama3', 'llama-v3', 'falcon3', 'pixtral', 'lfm2'], {
    ignoreMerges: true,
    startsText: true,
  }),
  kind(sequence(split(PATTERNS.llama3), byteLevel(false)), ['dbrx', 'smaug-bpe']),
  kind(sequence(split(PATTERNS.qwen2), byteLevel(false)), ['qwen2', 'deepseek-r1-qwen', 'stablelm2', 'megrez', 'hunyuan', 'kormo']),
  kind(sequence({ type: 'Digits', individual_digits: true } as PipelineStep, byteLevel(true)), [
    ...['smollm', 'starcoder', 'refact', 'codeshell', 'command-r', 'exaone', 'minerva-7b'],
  ]),
  kind(sequence(split('[\\p{P}\\$\\+<=>\\^~\\|]+'), split(PATTERNS.gpt2), split('\\p{N}+'), split('[0-9][0-9][0-9]'), byteLevel(false)), [
    'default',
  ]),
];

interface GgufTokenizer {
  /** tokenizer.json */
  tokenizer: string;
  /** tokenizer_config.json */
  config: string;
  /** The file does not say how its text is split before BPE, and llama.cpp's default is taken. */
  unsaid: boolean;
}

/** @throws StudioError `gguf-invalid`, `config-unsupported` for kinds of tokenizers that are not read, with what is */
export function tokenizerOfGguf(meta: GgufMetadata): GgufTokenizer {
  const { file } = meta;
  const given = meta.texts(`${KEY}tokens`);
  if (given.length === 0) meta.refuse(`${KEY}tokens`, 'a list of tokens');
  // Gemma's runs of blanks are ordinary pieces, which the converter writes as added tokens.
  const gemma = meta.text('general.architecture', '').startsWith('gemma');
  const isRun = (token: string | undefined) => gemma && token !== undefined && /^ {2,}$/.test(token);
  const tokens = given.map((token) => (isRun(token) ? MARK.repeat(token.length) : token));
  const types = meta.numbers(`${KEY}token_type`);
  if (types.length > 0 && types.length !== tokens.length)
    throw invalidGguf(file, 'gguf-list', { field: `${KEY}token_type`, found: types.length, expected: tokens.length });
  const typeOf = (id: number) => (isRun(given[id]) ? TOKEN.normal : (types[id] ?? TOKEN.normal));
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) {
    const other = ids.get(token);
    if (other !== undefined) throw invalidGguf(file, 'gguf-token-twice', { value: JSON.stringify(token), found: other, other: id });
    ids.set(token, id);
  }
  const special = (name: string): string | null => {
    const key = `${KEY}${name}_token_id`;
    if (!meta.has(key)) return null;
    return (
      tokens[meta.count(key)] ?? fail(() => invalidGguf(file, 'gguf-token-id', { field: key, found: meta.count(key), most: tokens.length }))
    );
  };
  const model = meta.text(`${KEY}model`);
  if (model !== 'gpt2' && model !== 'llama') meta.refuse(`${KEY}model`, 'gpt2, llama');
  const made = model === 'gpt2' ? byteLevelParts(meta, ids) : sentencePieceParts(meta, tokens, typeOf, special('unknown'));

  // Added tokens behind the last ordinary one are no part of the model's vocabulary, as in transformers' files; the rest of rows is unused.
  const isAdded = (id: number) => ADDED.has(typeOf(id));
  const lastAdded = tokens.findLastIndex((_, id) => isAdded(id));
  const last = tokens.findLastIndex((_, id) => !isAdded(id) && (typeOf(id) !== TOKEN.unused || id < lastAdded));
  const vocab = Object.fromEntries([...ids].filter(([, id]) => id <= last));
  const added = tokens.flatMap((content, id) => {
    if (!isAdded(id) || content === '') return [];
    const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false };
    return [{ id, content, ...plain, special: typeOf(id) !== TOKEN.userDefined }];
  });

  const bos = special('bos');
  const startsText = bos !== null && meta.flag(`${KEY}add_bos_token`, made.startsText);
  const template = meta.has(TEMPLATE) ? { chat_template: meta.text(TEMPLATE) } : {};
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: made.normalizer,
    pre_tokenizer: made.preTokenizer,
    post_processor: startsText ? startingWith(bos, ids.get(bos)!) : null,
    decoder: made.decoder,
    model: { type: 'BPE', dropout: null, ...made.model, vocab, merges: made.merges },
  };
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    add_bos_token: startsText,
    add_eos_token: meta.flag(`${KEY}add_eos_token`, false),
    ...{ bos_token: bos, eos_token: special('eos'), unk_token: special('unknown'), pad_token: special('padding') },
    clean_up_tokenization_spaces: false,
    ...template,
  };
  return { tokenizer: JSON.stringify(tokenizer), config: JSON.stringify(config, null, 2), unsaid: made.unsaid };
}

const ADDED: ReadonlySet<number> = new Set([TOKEN.unknown, TOKEN.control, TOKEN.userDefined]);

function fail(error: () => Error): never {
  throw error();
}

/** As Llama 3's tokenizer.json says that a text begins with BOS. */
function startingWith(token: string, id: number): object {
  const part = (type: number) => ({ Sequence: { id: type === 0 ? 'A' : 'B', type_id: type } });
  const start = (type: number) => ({ SpecialToken: { id: token, type_id: type } });
  return {
    type: 'TemplateProcessing',
    single: [start(0), part(0)],
    pair: [start(0), part(0), start(1), part(1)],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}

interface Parts {
  normalizer: object | null;
  preTokenizer: PipelineStep | null;
  decoder: object;
  model: object;
  merges: readonly (readonly [string, string])[];
  startsText: boolean;
  unsaid: boolean;
}

const plainBpe = { unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: false, byte_fallback: false };

function byteLevelParts(meta: GgufMetadata, ids: ReadonlyMap<string, number>): Parts {
  const unsaid = !meta.has(`${KEY}pre`);
  const name = unsaid ? 'default' : meta.text(`${KEY}pre`);
  const found = kinds.find(({ names }) => names.includes(name));
  if (!found) return meta.refuse(`${KEY}pre`, kinds.flatMap(({ names }) => names).join(', '));
  if (!meta.has(`${KEY}merges`)) meta.refuse(`${KEY}merges`, 'a list of merges');
  return {
    normalizer: null,
    preTokenizer: found.preTokenizer,
    decoder: { ...byteLevel(true), add_prefix_space: true },
    model: { ...plainBpe, ignore_merges: found.ignoreMerges },
    merges: givenMerges(meta, ids),
    startsText: found.startsText,
    unsaid,
  };
}

/** The first piece has one character at least, which may be a blank. */
function givenMerges(meta: GgufMetadata, ids: ReadonlyMap<string, number>): Merge[] {
  return meta.texts(`${KEY}merges`).map((merge, index): Merge => {
    const blank = merge.indexOf(' ', 1);
    const [left, right] = [merge.slice(0, blank), merge.slice(blank + 1)];
    if (blank < 0 || !ids.has(left) || !ids.has(right) || !ids.has(left + right))
      throw invalidGguf(meta.file, 'gguf-merge', { found: index + 1, value: JSON.stringify(merge) });
    return [left, right];
  });
}

/** SentencePiece's BPE, whose merges follow from the scores. */
function sentencePieceParts(meta: GgufMetadata, tokens: readonly string[], typeOf: (id: number) => number, unknown: string | null): Parts {
  const stated = meta.numbers(`${KEY}scores`);
  // Gemma's merges follow the order of its tokens, not their scores.
  const ordered = meta.text('general.architecture', '').startsWith('gemma');
  const scores = ordered ? tokens.map((_, id) => -id) : stated;
  const given = meta.has(`${KEY}merges`);
  if (!given && scores.length !== tokens.length)
    throw invalidGguf(meta.file, 'gguf-list', { field: `${KEY}scores`, found: scores.length, expected: tokens.length });
  // A space before the text, also where it begins with one, as llama.cpp and Llama's own files have it.
  const prefix = meta.flag(`${KEY}add_space_prefix`, true);
  const replaced = { type: 'Replace', pattern: { String: ' ' }, content: MARK };
  const strip = prefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : [];
  return {
    normalizer: prefix ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: MARK }, replaced] } : replaced,
    preTokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: [{ type: 'Replace', pattern: { String: MARK }, content: ' ' }, { type: 'ByteFallback' }, { type: 'Fuse' }, ...strip],
    },
    model: { ...plainBpe, unk_token: unknown, fuse_unk: true, byte_fallback: true, ignore_merges: false },
    merges: given ? givenMerges(meta, new Map(tokens.map((token, id) => [token, id]))) : mergesByScore(tokens, scores, typeOf),
    startsText: true,
    unsaid: false,
  };
}

/** SentencePiece's mark of a blank. */
const MARK = '▁';

/** Every pair of tokens that makes a token, best score first; pairs of one token by their longer first part, as transformers has it. */
function mergesByScore(tokens: readonly string[], scores: readonly number[], typeOf: (id: number) => number): Merge[] {
  const ids = new Map(tokens.flatMap((token, id) => (typeOf(id) === TOKEN.normal ? [[token, id] as const] : [])));
  const merges: { merge: Merge; score: number; left: number; right: number }[] = [];
  for (const [token, id] of ids) {
    const characters = [...token];
    const own: { merge: Merge; score: number; left: number; right: number; order: [number, number] }[] = [];
    for (let at = 1, length = 0; at < characters.length; at += 1) {
      length += characters[at - 1]!.length;
      const [first, second] = [ids.get(token.slice(0, length)), ids.get(token.slice(length))];
      if (first === undefined || second === undefined) continue;
      own.push({
        ...{ merge: [token.slice(0, length), token.slice(length)], score: scores[id]!, left: at, right: characters.length - at },
        order: [first, second],
      });
    }
    merges.push(...own.sort((a, b) => a.order[0] - b.order[0] || a.order[1] - b.order[1]));
  }
  return merges.sort((a, b) => b.score - a.score || b.left - a.left || b.right - a.right).map(({ merge }) => merge);
}

/**
 * The metadata by which llama.cpp has the same tokenizer.
 * @param files texts of tokenizer.json, tokenizer_config.json and config.json
 * @param rows of the model's table; those that no token has are written as unused
 * @throws StudioError `gguf-unwritable` for a kind that llama.cpp does not have
 */
export function tokenizerEntries(files: { tokenizer: string; config: string | null; model: string }, rows: number): GgufEntry[] {
  const json = parseTokenizerJson(files.tokenizer);
  const config = files.config === null ? {} : (parseJson(files.config, 'tokenizer_config.json') as Record<string, unknown>);
  if (json.model.type !== 'BPE') throw unwritable('tokenizer.json: model', json.model.type, 'BPE');
  const model = json.model;
  const marked = model.byte_fallback === true;
  const tokens = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  const types = new Array<number>(rows).fill(TOKEN.unused);
  for (const [piece, id] of modelPieces(json)) {
    if (id >= rows) continue;
    tokens[id] = piece;
    types[id] = marked && BYTE.test(piece) ? TOKEN.byte : marked && piece === model.unk_token ? TOKEN.unknown : TOKEN.normal;
  }
  for (const { id, content, special } of json.added_tokens) {
    if (id >= rows) continue;
    tokens[id] = content;
    if (types[id] !== TOKEN.unknown) types[id] = special ? TOKEN.control : TOKEN.userDefined;
  }
  const start = startOfText(json, config);
  const end = endOfText(json, config, parseJson(files.model, 'config.json'));
  const id = (name: string) => json.added_tokens.find(({ content }) => content === nameOf(config[name]))?.id;
  const { chat_template: template } = config;
  return [
    [`${KEY}model`, 'text', marked ? 'llama' : 'gpt2'],
    [`${KEY}pre`, 'text', marked ? 'default' : preOf(json.pre_tokenizer, json.normalizer, model)],
    [`${KEY}tokens`, 'texts', tokens],
    ...(marked ? ([[`${KEY}scores`, 'f32s', scoresOf(tokens, model)]] as const) : []),
    [`${KEY}token_type`, 'i32s', types],
    ...(marked ? [] : ([[`${KEY}merges`, 'texts', model.merges.map((merge) => merge.join(' '))]] as const)),
    ...(
      [
        ['bos', id('bos_token') ?? start],
        ['eos', end],
        ['unknown', id('unk_token')],
        ['padding', id('pad_token')],
      ] as const
    ).flatMap(([name, value]): GgufEntry[] => (value === undefined ? [] : [[`${KEY}${name}_token_id`, 'u32', value]])),
    [`${KEY}add_bos_token`, 'flag', addsBos(json.post_processor, config)],
    [`${KEY}add_eos_token`, 'flag', config['add_eos_token'] === true],
    ...(marked ? ([[`${KEY}add_space_prefix`, 'flag', prefixed(json.normalizer, json.pre_tokenizer)]] as const) : []),
    ...(typeof template === 'string' ? ([[TEMPLATE, 'text', template]] as const) : []),
  ];
}

const BYTE = /^<0x[0-9A-F]{2}>$/;

/** A token in tokenizer_config.json is its text, or an object with it. */
function nameOf(token: unknown): unknown {
  return typeof token === 'object' && token !== null ? (token as { content?: unknown }).content : token;
}

function addsBos(step: PipelineStep | null | undefined, config: Record<string, unknown>): boolean {
  const steps = step?.type === 'Sequence' ? (step.processors ?? []) : [step];
  const template = steps.find((one) => one?.type === 'TemplateProcessing');
  return template ? template.single?.[0]?.SpecialToken !== undefined : config['add_bos_token'] === true;
}

/** The word for the pre-tokenizer; one that rewrites text is not among llama.cpp's. */
function preOf(step: PipelineStep | null | undefined, normalizer: PipelineStep | null | undefined, model: BpeModel): string {
  if (normalizer && normalizer.type !== 'NFC') throw unwritable('tokenizer.json: normalizer', normalizer.type, 'null, NFC');
  const own = signature(step);
  const same = kinds.filter(({ preTokenizer }) => signature(preTokenizer) === own);
  const found = same.find(({ ignoreMerges }) => ignoreMerges === (model.ignore_merges === true)) ?? same[0];
  if (!found) throw unwritable('tokenizer.json: pre_tokenizer', own.slice(0, 120), kinds.map(({ names }) => names[0]).join(', '));
  return found.names[0]!;
}

/** What of a pre-tokenizer decides where it splits. */
function signature(step: PipelineStep | null | undefined): string {
  if (!step) return 'null';
  const steps = step.type === 'Sequence' ? (step.pretokenizers ?? []) : [step];
  const each = steps.map((one) => {
    switch (one.type) {
      case 'ByteLevel':
        return one.add_prefix_space === false ? (one.use_regex === false ? 'bytes' : PATTERNS.gpt2) : 'ByteLevel with add_prefix_space';
      case 'Split':
        return one.behavior === 'Isolated' && one.invert !== true ? (one.pattern?.Regex ?? 'Split') : `Split ${one.behavior}`;
      case 'Digits':
        return (one as { individual_digits?: boolean }).individual_digits === true ? 'Digits' : 'Digits together';
      default:
        return one.type;
    }
  });
  // ByteLevel with its own expression is a Split by it and then the bytes.
  return each.filter((one) => one !== 'bytes').join(' · ');
}

/** Whether a space is put before a text. */
function prefixed(normalizer: PipelineStep | null | undefined, step: PipelineStep | null | undefined): boolean {
  const steps = normalizer?.type === 'Sequence' ? (normalizer.normalizers ?? []) : normalizer ? [normalizer] : [];
  const replaces = steps.some(({ type, content }) => type === 'Replace' && content === MARK);
  const metaspace = step?.type === 'Metaspace' ? step : null;
  if (steps.some(({ type }) => type !== 'Replace' && type !== 'Prepend') || (!replaces && !metaspace) || (step && !metaspace))
    throw unwritable(
      'tokenizer.json: normalizer',
      JSON.stringify(normalizer).slice(0, 120),
      `Prepend ${MARK}, Replace “ ” by ${MARK}; or Metaspace`,
    );
  if (!metaspace) return steps.some(({ type }) => type === 'Prepend');
  return metaspace.prepend_scheme === undefined ? metaspace.add_prefix_space !== false : metaspace.prepend_scheme !== 'never';
}

/** SentencePiece's scores fall in the order in which its trainer made the tokens; those that no merge makes stand below. */
function scoresOf(tokens: readonly string[], { merges }: BpeModel): number[] {
  const ranks = new Map<string, number>();
  for (const [left, right] of merges) if (!ranks.has(left + right)) ranks.set(left + right, ranks.size);
  return tokens.map((token) => 0 - (ranks.get(token) ?? ranks.size));
}
