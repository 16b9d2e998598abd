/** Which files of a Hugging Face model folder the studio takes, by their names alone. */
import { StudioError } from '../errors';

export const INDEX_FILE = 'model.safetensors.index.json';
const SINGLE_FILE = 'model.safetensors';
const REQUIRED = ['config.json', 'tokenizer.json'] as const;
const COMPANIONS: ReadonlySet<string> = new Set([
  ...['tokenizer_config.json', 'special_tokens_map.json', 'generation_config.json'],
  ...['README.md', 'LICENSE', 'LICENSE.md', 'LICENSE.txt', 'NOTICE', 'NOTICE.txt'],
]);
/** Names told of when something lacks. */
const MOST_NAMES = 6;

export interface ModelFolder {
  /** config.json, tokenizer.json and what came beside them. */
  texts: string[];
  /** One file, or every shard; which of them count is for the index to say. */
  weights: string[];
  /** model.safetensors.index.json, of a sharded model. */
  index: string | null;
}

/**
 * model.safetensors where there is one, else all other safetensors files.
 * @throws StudioError `file-missing` with what was found and the first file that lacks
 */
export function modelFolder(names: readonly string[]): ModelFolder {
  const present = new Set(names);
  const missing = (wanted: string) =>
    new StudioError('file-missing', `${wanted} is missing`, { file: names.slice(0, MOST_NAMES).join(', ') || '—', wanted });
  for (const wanted of REQUIRED) if (!present.has(wanted)) throw missing(wanted);
  const shards = names.filter((name) => name.endsWith('.safetensors')).sort();
  if (shards.length === 0) throw missing('*.safetensors');
  const single = present.has(SINGLE_FILE);
  return {
    texts: [...REQUIRED, ...[...COMPANIONS].filter((name) => present.has(name))],
    weights: single ? [SINGLE_FILE] : shards,
    index: !single && present.has(INDEX_FILE) ? INDEX_FILE : null,
  };
}

/** Files by their bare name; of two with the same one in different folders the outermost counts. */
export function outermost<File>(files: readonly File[], pathOf: (file: File) => string): Map<string, File> {
  const depth = (file: File) => pathOf(file).split('/').length;
  const name = (file: File) => pathOf(file).slice(pathOf(file).lastIndexOf('/') + 1);
  return new Map([...files].sort((a, b) => depth(b) - depth(a)).map((file) => [name(file), file]));
}
