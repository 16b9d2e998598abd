/**
 * A GGUF file as the files of a model in Hugging Face layout: config, tokenizer and card from its metadata, weights dequantised piece by
 * piece into one safetensors file in the incoming folder.
 */
import { parseConfig } from '../../src/core/model/config';
import { NOTICE_NAMES, type ModelNotice } from '../../src/core/model/notices';
import type { OnProgress } from '../../src/contract/progress';
import { BYTES_PER } from '../engine/checkpoint/floats';
import { openGguf, type GgufFile } from '../engine/checkpoint/gguf';
import { safetensorsStream } from '../engine/checkpoint/write';
import { configOfGguf } from '../engine/model/gguf-families';
import { fromGguf } from '../engine/model/gguf-layout';
import { files as storage } from '../storage/files';
import { checkRoom } from '../storage/quota';
import { tokenizerOfGguf } from '../tokenizer/gguf-tokenizer';
import { checkParameterSizes } from '../engine/model/read';
import { plain } from './model-card';

const WEIGHTS = 'model.safetensors';

/**
 * @param into folder of the storage
 * @returns names of the files written, and what is told of them
 * @throws StudioError `gguf-invalid`, `config-unsupported`, `tensor-missing`, `tensor-shape`, `tensor-not-finite`, `file-too-large`,
 * `quota`, `cancelled`
 */
export async function unpackGguf(
  file: string,
  bytes: Blob,
  into: string,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<{ names: string[]; notices: ModelNotice[] }> {
  const gguf = await openGguf(file, bytes);
  const fields = await configOfGguf(gguf);
  const config = parseConfig(file, JSON.stringify(fields));
  const { tensors, unused } = fromGguf(config, file, gguf.tensors);
  checkParameterSizes(file, tensors);
  const { tokenizer, config: tokenizerConfig, unsaid } = tokenizerOfGguf(gguf.metadata);
  const weights = safetensorsStream(tensors, 'F32', { format: 'pt' });
  await checkRoom(weights.bytes);

  let done = 0;
  const tell = (length: number) => {
    signal.throwIfAborted();
    onProgress({ phase: 'import', item: file, done: (done += length), total: weights.bytes });
  };
  const texts = {
    'config.json': spelled(fields),
    'tokenizer.json': tokenizer,
    'tokenizer_config.json': tokenizerConfig,
    'README.md': cardOf(gguf),
  };
  for (const [name, text] of Object.entries(texts)) await storage.write(`${into}/${name}`, text);
  await storage.write(`${into}/${WEIGHTS}`, telling(weights.chunks(), tell));

  const types = typesOf(gguf);
  const notices: ModelNotice[] = [
    { kind: 'gguf', file, types: types.join(', '), dequantised: types.some((type) => !Object.hasOwn(BYTES_PER, type)) },
    ...(unsaid ? [{ kind: 'gguf-split-unsaid' } as const] : []),
    ...(unused.length > 0 ? [{ kind: 'unused-tensors', count: unused.length, names: unused.slice(0, NOTICE_NAMES) } as const] : []),
  ];
  return { names: [...Object.keys(texts), WEIGHTS], notices };
}

/** Fields that transformers refuses where a whole number is spelled without its point. */
const FLOATS =
  /"(\w+_softcapping|factor|(?:low|high)_freq_factor|rotary_pct|partial_rotary_factor|rope_theta|rotary_emb_base|rope_local_base_freq|scale_emb|scale_depth)": (\d+)(?=[,\n])/g;
const spelled = (fields: object): string => JSON.stringify(fields, null, 2).replace(FLOATS, '"$1": $2.0');

/** Types of the weights, the one that most values have first. */
function typesOf({ tensors }: GgufFile): string[] {
  const values = new Map<string, number>();
  for (const { type, shape } of tensors.values())
    if (shape.length > 1) values.set(type, (values.get(type) ?? 0) + shape.reduce((product, side) => product * side, 1));
  return [...values].sort((a, b) => b[1] - a[1]).map(([type]) => type);
}

/** What the metadata says of the model, as a card. */
function cardOf(gguf: GgufFile): string {
  const { metadata: meta, name } = gguf;
  const said = (key: string): string | null => meta.said(`general.${key}`)?.replace(/\s+/g, ' ').trim() ?? null;
  const title = said('name') ?? name;
  const rows = [
    'organization',
    'author',
    'version',
    'size_label',
    'license',
    'license.link',
    'source.url',
    'url',
    'description',
    'quantized_by',
  ]
    .map((key) => [key, said(key)] as const)
    .filter(([, value]) => value);
  const licence = said('license');
  const head = licence === null ? '' : `---\nlicense: ${JSON.stringify(licence)}\n---\n\n`;
  return [
    `${head}# ${plain(title)}`,
    `Read from ${plain(name)} (GGUF; ${typesOf(gguf).join(', ')}). Quantised weights were expanded to float32, so that they can be trained; they are no more exact than the file was.`,
    rows.length === 0
      ? ''
      : ['| field | value |', '| --- | --- |', ...rows.map(([key, value]) => `| ${key} | ${plain(value!)} |`)].join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** Passes pieces on and tells of each once it is taken. */
export async function* telling(pieces: AsyncIterable<Uint8Array>, tell: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    yield piece;
    tell(piece.length);
  }
}
