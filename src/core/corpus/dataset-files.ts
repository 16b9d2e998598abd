/**
 * Which files of a data set's repository make up which config and split, by the rules of Hugging Face `datasets`: what the card says
 * (`configs:` in the README's YAML), else what names and folders say. https://huggingface.co/docs/hub/datasets-data-files-configuration
 */

export interface DatasetFile {
  path: string;
  bytes: number;
}
export interface DatasetSplit {
  name: string;
  files: DatasetFile[];
}
export interface DatasetConfig {
  name: string;
  splits: DatasetSplit[];
}

/** Names that tell a split, in files and folders. */
const KEYWORDS: readonly (readonly [split: string, words: readonly string[]])[] = [
  ['train', ['train', 'training']],
  ['validation', ['validation', 'valid', 'dev', 'val']],
  ['test', ['test', 'testing', 'eval', 'evaluation']],
];
const NO_DATA = new Set(['README.md', 'config.json', 'dataset_info.json', 'dataset_infos.json', 'dataset_dict.json', 'dummy_data.zip']);
const MOST_CONFIGS = 2000;

/** Kinds that are read in ranges: rows of a table, or of a text, packed or not. */
export function isDatasetData(path: string): boolean {
  return /\.(?:parquet|(?:jsonl|ndjson|jsonlines|json|csv|tsv|txt)(?:\.(?:gz|zst|zstd))?)$/i.test(path);
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const strings = (value: unknown): string[] =>
  (Array.isArray(value) ? (value as unknown[]) : [value]).filter((one): one is string => typeof one === 'string');

/**
 * @param files all of the repository @param card the metadata of its README; null where there is none
 * @param isRead whether a file is of a kind that can be read
 */
export function datasetConfigs(files: readonly DatasetFile[], card: unknown, isRead: (path: string) => boolean): DatasetConfig[] {
  const data = files.filter(({ path }) => isRead(path) && !NO_DATA.has(path.split('/').at(-1)!));
  const written = isFields(card) && Array.isArray(card['configs']) ? (card['configs'] as unknown[]).filter(isFields) : [];
  const configs = written.slice(0, MOST_CONFIGS).map((config): DatasetConfig & { first: boolean } => {
    const folder = typeof config['data_dir'] === 'string' ? `${config['data_dir'].replace(/^\.?\/|\/+$/g, '')}/` : '';
    const inside = data.filter(({ path }) => path.startsWith(folder));
    const splits = config['data_files'] === undefined ? bySplitNames(inside) : byPatterns(inside, config['data_files'], folder);
    return {
      name: typeof config['config_name'] === 'string' ? config['config_name'] : 'default',
      splits,
      first: config['default'] === true,
    };
  });
  const found = configs.filter(({ splits }) => splits.length > 0);
  if (found.length === 0) {
    const splits = bySplitNames(data);
    return splits.length > 0 ? [{ name: 'default', splits }] : [];
  }
  const rank = ({ first, name }: (typeof found)[number]) => (first ? 0 : name === 'default' ? 1 : 2);
  return found.sort((a, b) => rank(a) - rank(b)).map(({ name, splits }) => ({ name, splits }));
}

/** The branch on which the Hub keeps what it converted to parquet: CONFIG/SPLIT/0000.parquet; `partial-` before one that is cut. */
export function convertedConfigs(files: readonly DatasetFile[]): DatasetConfig[] {
  const configs = new Map<string, Map<string, DatasetFile[]>>();
  for (const file of files) {
    const [config, split, ...rest] = file.path.split('/');
    if (rest.length !== 1 || !rest[0]!.endsWith('.parquet')) continue;
    const splits = configs.get(config!) ?? new Map<string, DatasetFile[]>();
    configs.set(config!, splits);
    const name = split!.replace(/^partial-/, '');
    splits.set(name, [...(splits.get(name) ?? []), file]);
  }
  return [...configs].map(([name, splits]) => ({ name, splits: [...splits].map(([split, found]) => ({ name: split, files: found })) }));
}

/** `data_files` of a card: patterns, or patterns by split. */
function byPatterns(files: readonly DatasetFile[], written: unknown, folder: string): DatasetSplit[] {
  const lists: (readonly [string, string[]])[] = [];
  if (isFields(written)) lists.push(...Object.entries(written).map(([split, paths]) => [split, strings(paths)] as const));
  else if (Array.isArray(written) && written.some(isFields))
    lists.push(...(written as unknown[]).filter(isFields).map((entry) => [String(entry['split']), strings(entry['path'])] as const));
  else lists.push(['train', strings(written)]);
  return lists
    .map(([name, patterns]) => {
      const tests = patterns.map((pattern) => globPattern(folder + pattern.replace(/^(?:\.\/|\/)+/, '')));
      return { name, files: files.filter(({ path }) => tests.some((test) => test.test(path))) };
    })
    .filter(({ files: found }) => found.length > 0);
}

/** `data/SPLIT-00000-of-00001…`, else split names in folders, else in files' names, else all are training data. */
function bySplitNames(files: readonly DatasetFile[]): DatasetSplit[] {
  const seen = files.filter(({ path }) => !path.split('/').some((part) => part.startsWith('.') || part.startsWith('__')));
  const sharded = new Map<string, DatasetFile[]>();
  for (const file of seen) {
    const split = /^data\/([\w.]+)-\d{5}-of-\d{5}[^/]*\.[^/]*$/.exec(file.path)?.[1];
    if (split !== undefined) sharded.set(split, [...(sharded.get(split) ?? []), file]);
  }
  if (sharded.size > 0) {
    const order = KEYWORDS.map(([split]) => split);
    const place = (name: string) => (order.indexOf(name) + order.length + 1) % (order.length + 1);
    return [...sharded].map(([name, found]) => ({ name, files: found })).sort((a, b) => place(a.name) - place(b.name));
  }
  const by = (part: (path: string) => string[]) =>
    KEYWORDS.map(([name, words]) => {
      const test = new RegExp(`(?:^|[-._ 0-9])(?:${words.join('|')})(?:[-._ 0-9]|$)`);
      return { name, files: seen.filter(({ path }) => part(path).some((one) => test.test(one))) };
    }).filter(({ files: found }) => found.length > 0);
  const inFolders = by((path) => path.split('/').slice(0, -1));
  if (inFolders.length > 0) return inFolders;
  const inNames = by((path) => path.split('/').slice(-1));
  if (inNames.length > 0) return inNames;
  return seen.length > 0 ? [{ name: 'train', files: seen }] : [];
}

/** A pattern of fsspec: `*` within a folder, `**` over folders, `?`, `[…]`, `{a,b}`. */
function globPattern(pattern: string): RegExp {
  let out = '';
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    const close = character === '[' ? pattern.indexOf(']', at + 2) : character === '{' ? pattern.indexOf('}', at) : -1;
    if (pattern.startsWith('**/', at)) {
      out += '(?:.*/)?';
      at += 2;
    } else if (pattern.startsWith('**', at)) {
      out += '.*';
      at += 1;
    } else if (character === '*') out += '[^/]*';
    else if (character === '?') out += '[^/]';
    else if (close > 0) {
      const inner = pattern.slice(at + 1, close);
      out +=
        character === '['
          ? `[${inner.replace(/^!/, '^').replaceAll('\\', '\\\\')}]`
          : `(?:${inner
              .split(',')
              .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
              .join('|')})`;
      at = close;
    } else out += character.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  }
  try {
    return new RegExp(`^${out}$`);
  } catch {
    // A pattern that is none matches nothing.
    return /(?!)/;
  }
}

/** The licence that a card names, as it is shown; null where it names none. */
export function cardLicence(card: unknown, tags: readonly string[] = []): string | null {
  const fields = isFields(card) ? card : {};
  const named = strings(fields['license_name'])[0];
  const listed = strings(fields['license']).filter((one) => one !== 'other' || named === undefined);
  const tagged = tags.filter((tag) => tag.startsWith('license:')).map((tag) => tag.slice('license:'.length));
  const all = [...new Set([...listed, ...(named === undefined ? [] : [named])])];
  return (all.length > 0 ? all : tagged).join(', ') || null;
}
