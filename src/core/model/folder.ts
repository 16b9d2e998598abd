/** Which files of a Hugging Face model folder the studio takes, by their names alone. */
import { StudioError } from '../errors';
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS } from './peft';

export const INDEX_FILE = 'model.safetensors.index.json';
const SINGLE_FILE = 'model.safetensors';
/** GPT-2's first form of a byte-level tokenizer, of which a tokenizer.json is made where there is none. */
const VOCABULARY = ['vocab.json', 'merges.txt'] as const;
const CARDS = ['README.md', 'LICENSE', 'LICENSE.md', 'LICENSE.txt', 'NOTICE', 'NOTICE.txt'];
const COMPANIONS: ReadonlySet<string> = new Set([
  ...['tokenizer_config.json', 'special_tokens_map.json', 'generation_config.json', 'chat_template.jinja'],
  ...CARDS,
]);
/** Names told of when something lacks. */
const MOST_NAMES = 6;

export interface ModelFolder {
  /** config.json, tokenizer.json (or vocab.json and merges.txt) and what came beside them. */
  texts: string[];
  /** One file, or every shard; which of them count is for the index to say. */
  weights: string[];
  /** model.safetensors.index.json, of a sharded model. */
  index: string | null;
  /** GGUF files where there is no safetensors file: each is a whole model with its config and tokenizer, and one is to be chosen. */
  ggufs: string[];
  /** Files of torch.save where there is no other: a whole model, or all of its shards. */
  torch: string[];
  /** An adapter of PEFT alone, which is added to its base: its config is the text. */
  adapter: boolean;
}

export const isGguf = (path: string): boolean => /\.gguf$/i.test(path);
/** Parts of models that see or hear, beside the one that writes. */
const PROJECTOR = /^mmproj/i;

/** `files-several`: one of the GGUF files must be chosen. */
export function severalGgufs(names: readonly string[]): StudioError {
  const found = names.slice(0, MOST_NAMES).join(', ');
  return new StudioError('files-several', `There are ${names.length} models: ${found}; choose one`, { found, most: names.length });
}

/** Weights in formats that are not read here, with the argument by which transformers reads them. */
const OTHER_FORMATS: readonly (readonly [name: RegExp, argument: (file: string) => string])[] = [
  // What is in them is anybody's; a dictionary of tensors has another name.
  [/\.(pt|pth|ckpt)$/, () => ''],
  [/\.h5$/, () => ', from_tf=True'],
  [/\.msgpack$/, () => ', from_flax=True'],
];

const TORCH = /^pytorch_model(-\d+-of-\d+)?\.bin$/;

/** Two lines of Python that convert a folder to safetensors. @param argument by which transformers reads it */
export const torchLines = (argument: string): string =>
  [
    'from transformers import AutoModelForCausalLM',
    `AutoModelForCausalLM.from_pretrained("folder"${argument}).save_pretrained("new-folder")`,
  ].join('\n');

/** What is said of a folder with weights in another format: the file, and two lines of Python that convert it. */
function otherFormat(names: readonly string[]): StudioError | null {
  for (const [pattern, argument] of OTHER_FORMATS) {
    const file = names.find((name) => pattern.test(name));
    if (file === undefined) continue;
    const lines = torchLines(argument(file));
    return new StudioError('model-format', `${file} is not read here; convert it to safetensors:\n${lines}`, { file, lines });
  }
  return null;
}

/**
 * model.safetensors where there is one, else all other safetensors files.
 * @throws StudioError `file-missing` with what was found and the first file that lacks; `model-format` for weights in other formats
 */
export function modelFolder(names: readonly string[]): ModelFolder {
  const present = new Set(names);
  const missing = (wanted: string) =>
    new StudioError('file-missing', `${wanted} is missing`, { file: names.slice(0, MOST_NAMES).join(', ') || '—', wanted });
  const shards = names.filter((name) => name.endsWith('.safetensors') && name !== ADAPTER_WEIGHTS).sort();
  const torch = shards.length > 0 ? [] : names.filter((name) => TORCH.test(name)).sort();
  if (shards.length === 0) {
    if (present.has(ADAPTER_WEIGHTS)) {
      if (!present.has(ADAPTER_CONFIG)) throw missing(ADAPTER_CONFIG);
      return { texts: [ADAPTER_CONFIG], weights: [ADAPTER_WEIGHTS], index: null, ggufs: [], torch: [], adapter: true };
    }
    const ggufs = names.filter((name) => isGguf(name) && !PROJECTOR.test(name)).sort();
    const cards = CARDS.filter((name) => present.has(name));
    if (ggufs.length > 0) return { texts: cards, weights: [], index: null, ggufs, torch: [], adapter: false };
    const other = torch.length > 0 ? null : otherFormat(names);
    if (other) throw other;
  }
  const required = [
    'config.json',
    ...(!present.has('tokenizer.json') && VOCABULARY.every((name) => present.has(name)) ? VOCABULARY : ['tokenizer.json']),
  ];
  for (const wanted of required) if (!present.has(wanted)) throw missing(wanted);
  if (shards.length + torch.length === 0) throw missing('*.safetensors');
  const single = present.has(SINGLE_FILE);
  return {
    texts: [...required, ...[...COMPANIONS].filter((name) => present.has(name))],
    weights: single ? [SINGLE_FILE] : shards,
    index: !single && present.has(INDEX_FILE) ? INDEX_FILE : null,
    ggufs: [],
    torch,
    adapter: false,
  };
}

/** Files by their bare name; of two with the same one in different folders the outermost counts. */
export function outermost<File>(files: readonly File[], pathOf: (file: File) => string): Map<string, File> {
  const depth = (file: File) => pathOf(file).split('/').length;
  const name = (file: File) => pathOf(file).slice(pathOf(file).lastIndexOf('/') + 1);
  return new Map([...files].sort((a, b) => depth(b) - depth(a)).map((file) => [name(file), file]));
}
