/**
 * Imports a model: from a person's files, out of a zip, or from a finished download. Config, tensor names and shapes are checked
 * from headers before any weight is read. Weights are then copied in pieces and checked for values that are not finite, so no
 * file is held in memory whole. The model's record is written last: a failed import leaves no model.
 */
import { StudioError } from '../../src/core/errors';
import { STAND_IN_BYTES, standIn, standInError } from '../../src/core/stand-in';
import { editConfig } from '../../src/core/model/config';
import { INDEX_FILE, modelFolder, outermost, severalGgufs, type ModelFolder } from '../../src/core/model/folder';
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS } from '../../src/core/model/peft';
import type { ModelNotice } from '../../src/core/model/notices';
import type { ModelRecord } from '../../src/contract/library';
import type { OnProgress } from '../../src/contract/progress';
import type { SafetensorsFile } from '../engine/checkpoint/safetensors';
import { readIndex, type WeightFile } from '../engine/checkpoint/sharded';
import { checkParameterSizes, openModel } from '../engine/model/read';
import { files as storage } from '../storage/files';
import {
  findModel,
  incomingPath,
  modelPath,
  modelRecord,
  openIncoming,
  readModelText,
  settleIncoming,
  weightHashes,
  weightSources,
} from '../storage/models';
import { checkRoom } from '../storage/quota';
import { putRecord } from '../storage/records';
import { readRun } from '../storage/runs';
import { TextTokenizer } from '../tokenizer/text-tokenizer';
import { exportedConfig, fromVocabAndMerges } from '../tokenizer/tokenizer-files';
import { isZip, openZip } from '../archive/zip-reader';
import { importAdapter } from './import-adapter';
import { telling, unpackGguf } from './import-gguf';
import { safetensorsOfTorch } from './import-torch';
import { archiveLimits, refuseFaulty, type ArchiveLimits } from '../archive/archive';

/** A file of a model that is being imported. */
interface IncomingFile {
  /** With the folders that it was given with. */
  path: string;
  bytes: Blob;
  /** It is already in the incoming folder, so it is checked and moved rather than copied. */
  inPlace: boolean;
  /** Its values were looked at when it was written. */
  checked?: boolean;
}

/** Bytes; JSON and Markdown files are read into memory whole. */
const LARGEST_TEXT = 64 * 2 ** 20;
/** What a tokenizer is read from: the first, or of its absence the others. */
const TOKENIZER_FILES: ReadonlySet<string> = new Set(['tokenizer.json', 'vocab.json', 'merges.txt']);

/**
 * @param given a folder's files, or one zip of them
 * @throws StudioError those of `openModel` and of the tokenizer, `file-missing`, `file-too-large`, `archive-invalid`, `quota`,
 * `cancelled`; nothing is stored then
 */
export async function importModel(given: readonly File[], name: string, onProgress: OnProgress, signal: AbortSignal): Promise<ModelRecord> {
  const id = `m-${crypto.randomUUID()}`;
  const place = await openIncoming(id);
  try {
    const archive = given.length === 1 && isZip(given[0]!) ? given[0]! : null;
    const files = archive
      ? await unpackModel(archive, incomingPath(id), onProgress, signal)
      : given.map((file): IncomingFile => ({ path: file.webkitRelativePath || file.name, bytes: file, inPlace: false }));
    return await importFiles(id, files, name, onProgress, signal);
  } finally {
    await place.close();
  }
}

/** Imports the files that the hub worker downloaded into the incoming folder `id`, which that worker closes. Throws as `importModel`. */
export async function importDownload(id: string, name: string, onProgress: OnProgress, signal: AbortSignal): Promise<ModelRecord> {
  const files: IncomingFile[] = [];
  for (const entry of await storage.list(incomingPath(id)))
    files.push({ path: entry.name, bytes: await storage.blob(`${incomingPath(id)}/${entry.name}`), inPlace: true });
  return importFiles(id, files, name, onProgress, signal);
}

/** What a checkpoint of a training script has not: its base has them. */
const BESIDE_WEIGHTS = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'] as const;

/**
 * Weights of a run that was trained elsewhere, as a model that says which run and step it is of. A checkpoint without config and tokenizer, as
 * accelerate saves one, has those of the run's base, which must be here.
 * @throws StudioError as `importModel`; `run-missing`
 */
export async function importRunWeights(
  run: string,
  step: number,
  given: readonly File[],
  name: string,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<ModelRecord> {
  const { recipe } = await readRun(run);
  const present = new Set(given.map((file) => file.name));
  const whole = given.length === 1 && (isZip(given[0]!) || /\.gguf$/i.test(given[0]!.name));
  const files = [...given];
  if (!whole && !present.has('config.json') && !present.has(ADAPTER_CONFIG)) {
    const base = await findModel(recipe.base);
    for (const file of BESIDE_WEIGHTS) {
      const text = present.has(file) ? null : await readModelText(base, file);
      if (text !== null) files.push(new File([text], file));
    }
  }
  const model = await importModel(files, name, onProgress, signal);
  const [sha256 = ''] = await weightHashes(await weightSources(await findModel(model.id), null));
  const record = { ...model, keptFrom: { run, step, sha256 } };
  await putRecord('models', record);
  return record;
}

async function importFiles(
  id: string,
  files: readonly IncomingFile[],
  name: string,
  onProgress: OnProgress,
  signal: AbortSignal,
  found: readonly ModelNotice[] = [],
): Promise<ModelRecord> {
  const byName = outermost(files, ({ path }) => path);
  const folder = modelFolder([...byName.keys()]);
  if (folder.adapter) {
    for (const file of [ADAPTER_CONFIG, ADAPTER_WEIGHTS]) await refuseStandIn(byName, file);
    return importAdapter(await readText(byName, ADAPTER_CONFIG), byName.get(ADAPTER_WEIGHTS)!.bytes, name, onProgress, signal);
  }
  if (folder.ggufs.length > 0) return importGguf(id, byName, folder, name, onProgress, signal);
  if (folder.torch.length > 0) return importTorch(id, byName, folder, name, onProgress, signal);
  const names = [...folder.texts, ...(folder.index === null ? [] : [folder.index]), ...folder.weights];
  for (const file of names) if (/\.(json|txt|safetensors)$/.test(file)) await refuseStandIn(byName, file);
  const index = folder.index === null ? null : { name: INDEX_FILE, text: await readText(byName, INDEX_FILE) };
  const weights = chooseWeights(byName, folder.weights, index);
  const total = weights.reduce((sum, { bytes }) => sum + bytes.size, 0);
  onProgress({ phase: 'import', item: name, done: 0, total });
  await checkRoom([...byName.values()].reduce((sum, file) => sum + (file.inPlace ? 0 : file.bytes.size), 0));

  const made = byName.has('tokenizer.json') ? null : await makeTokenizer(byName);
  const given = await readText(byName, 'config.json');
  // Float weights are not quantised, whatever the config still says; others are refused by their tensors.
  const unquantized = (from: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(from).filter(([field]) => field !== 'quantization_config'));
  const written = parseObject('config.json', given);
  const fields = unquantized(written);
  const config = written['quantization_config'] == null ? given : editConfig(given, unquantized);
  const tokenizerConfig = byName.has('tokenizer_config.json') ? await readText(byName, 'tokenizer_config.json') : null;
  const tokenizer = await TextTokenizer.open({
    tokenizer: await readText(byName, 'tokenizer.json'),
    config: tokenizerConfig,
    model: config,
  });
  const model = await openModel({
    config: { name: 'config.json', text: given },
    weights: weights.map(({ name: file, bytes }): WeightFile => ({ name: file, bytes })),
    ...(index ? { index } : {}),
    tokenizerSize: tokenizer.size,
  });
  for (const { file, name, shape } of model.used) checkParameterSizes(file, [{ name, shape }]);

  let done = 0;
  for (const [at, file] of model.files.entries()) {
    const tell = (bytes: number) => {
      signal.throwIfAborted();
      onProgress({ phase: 'import', item: file.name, done: (done += bytes), total });
    };
    if (weights[at]!.checked) tell(weights[at]!.bytes.size);
    else if (weights[at]!.inPlace) for await (const piece of checkedBytes(file, model.usedInFiles)) tell(piece.length);
    else await storage.write(`${incomingPath(id)}/${file.name}`, telling(checkedBytes(file, model.usedInFiles), tell));
  }
  const texts = [
    ...folder.texts.filter((text) => made === null || !TOKENIZER_FILES.has(text)),
    ...(made ? ['tokenizer.json'] : []),
    ...(index ? [INDEX_FILE] : []),
  ];
  for (const text of texts) {
    const file = byName.get(text)!;
    if (!file.inPlace) await storage.write(`${incomingPath(id)}/${text}`, new Uint8Array(await file.bytes.arrayBuffer()));
  }

  if (config !== given) await storage.write(`${incomingPath(id)}/config.json`, config);

  const notices: ModelNotice[] = [
    ...found,
    ...model.notices,
    ...(made ? [{ kind: 'tokenizer-made' } as const] : []),
    ...tokenizer.notices,
    ...classNotice(tokenizerConfig),
  ];
  const record: ModelRecord = {
    ...modelRecord({ id, name, bundled: false, createdAt: Date.now() }, fields, model.config),
    ...(notices.length > 0 ? { notices } : {}),
  };
  signal.throwIfAborted();
  try {
    await settleIncoming(id, [...texts, ...weights.map((file) => file.name)]);
    await putRecord('models', record);
  } catch (error) {
    await storage.remove(modelPath(id));
    throw error;
  }
  return record;
}

/** Makes Hugging Face's files of the one GGUF file, in the incoming folder, and imports those. The licence and card beside it stay. */
async function importGguf(
  id: string,
  byName: ReadonlyMap<string, IncomingFile>,
  { ggufs, texts }: ModelFolder,
  name: string,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<ModelRecord> {
  const [gguf, second] = ggufs as [string, string?];
  if (second !== undefined) throw severalGgufs(ggufs);
  await refuseStandIn(byName, gguf);
  const { names, notices } = await unpackGguf(gguf, byName.get(gguf)!.bytes, incomingPath(id), onProgress, signal);
  const files = texts.map((text) => byName.get(text)!);
  for (const made of names)
    if (!texts.includes(made))
      files.push({ path: made, bytes: await storage.blob(`${incomingPath(id)}/${made}`), inPlace: true, checked: true });
  return importFiles(id, files, name, onProgress, signal, notices);
}

/** Makes safetensors files of torch's, in the incoming folder, and imports those. */
async function importTorch(
  id: string,
  byName: ReadonlyMap<string, IncomingFile>,
  { torch, texts }: ModelFolder,
  name: string,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<ModelRecord> {
  const files = texts.map((text) => byName.get(text)!);
  const total = torch.reduce((sum, file) => sum + byName.get(file)!.bytes.size, 0);
  await checkRoom(total);
  let done = 0;
  const tell = (bytes: number) => {
    signal.throwIfAborted();
    onProgress({ phase: 'import', item: name, done: (done += bytes), total });
  };
  for (const file of torch) {
    await refuseStandIn(byName, file);
    const { chunks } = await safetensorsOfTorch(file, byName.get(file)!.bytes);
    const made = file.replace(/^pytorch_model/, 'model').replace(/bin$/, 'safetensors');
    await storage.write(`${incomingPath(id)}/${made}`, telling(chunks(), tell));
    files.push({ path: made, bytes: await storage.blob(`${incomingPath(id)}/${made}`), inPlace: true });
  }
  return importFiles(id, files, name, onProgress, signal);
}

/** Puts a tokenizer.json made of vocab.json and merges.txt among the files. @throws StudioError `tokenizer-invalid` */
async function makeTokenizer(byName: Map<string, IncomingFile>): Promise<string> {
  const json = fromVocabAndMerges(await readText(byName, 'vocab.json'), await readText(byName, 'merges.txt'));
  byName.set('tokenizer.json', { path: 'tokenizer.json', bytes: new Blob([json]), inPlace: false });
  return json;
}

function classNotice(tokenizerConfig: string | null): ModelNotice[] {
  const { replaced } = exportedConfig(tokenizerConfig);
  return replaced === null ? [] : [{ kind: 'tokenizer-class', found: replaced }];
}

/** A weight file's bytes, unchanged. Throws `tensor-not-finite` for NaN or infinity in a tensor that the model uses. */
async function* checkedBytes({ head, tensors }: SafetensorsFile, used: ReadonlySet<string>): AsyncGenerator<Uint8Array> {
  yield head;
  for (const [name, tensor] of tensors) yield* tensor.rawPieces(used.has(name));
}

/** With an index only the shards that it lists, else every weight file found. */
function chooseWeights(
  byName: ReadonlyMap<string, IncomingFile>,
  present: readonly string[],
  index: { name: string; text: string } | null,
): (IncomingFile & { name: string })[] {
  const names = index ? [...new Set(readIndex(index.name, index.text).values())].sort() : present;
  return names.map((name) => {
    const file = byName.get(name);
    if (!file) throw new StudioError('file-missing', `${INDEX_FILE} lists ${name}, which is missing`, { file: INDEX_FILE, wanted: name });
    return { ...file, name };
  });
}

/** @throws StudioError `file-pointer`, `file-web-page` for what stands in the place of a file */
async function refuseStandIn(byName: ReadonlyMap<string, IncomingFile>, name: string): Promise<void> {
  const head = new Uint8Array(await byName.get(name)!.bytes.slice(0, STAND_IN_BYTES).arrayBuffer());
  const found = standIn(head);
  if (found) throw standInError(name, found);
}

async function readText(byName: ReadonlyMap<string, IncomingFile>, name: string): Promise<string> {
  const { bytes } = byName.get(name)!;
  if (bytes.size > LARGEST_TEXT) throw tooLarge(name, bytes.size, LARGEST_TEXT);
  return bytes.text();
}

function parseObject(file: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw notJson(file, error instanceof Error ? error.message : String(error));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notJson(file, 'it holds no object');
  return value as Record<string, unknown>;
}

function notJson(file: string, detail: string): StudioError {
  return new StudioError('json-invalid', `${file} is not readable JSON: ${detail}`, { file, detail });
}

function tooLarge(file: string, bytes: number, limit: number): StudioError {
  return new StudioError('file-too-large', `${file} has ${bytes} bytes, more than ${limit}`, { file, bytes, limit });
}

/**
 * Limits for zips of models. A repository with weights in several formats has some hundred files. Weights hardly compress and JSON
 * compresses about tenfold, so a ratio above 100 is a bomb.
 */
const modelLimits: ArchiveLimits = {
  ...archiveLimits,
  entries: 2000,
  directoryBytes: 4 * 2 ** 20,
  ratio: 100,
  ratioFrom: 2 ** 20,
  names: 'refuse',
};

/**
 * Opens the files of a model inside a zip; other entries are ignored, nested archives included. An entry stored without compression
 * becomes a slice of the zip, a deflated one is unpacked to the disk.
 * @param into folder of the storage for unpacked entries
 * @throws StudioError `archive-invalid`, `file-missing`, `quota`, `cancelled`
 */
async function unpackModel(given: File, into: string, onProgress: OnProgress, signal: AbortSignal): Promise<IncomingFile[]> {
  const archive = await openZip({ name: given.name, blob: given }, modelLimits);
  const byName = outermost(archive.entries, ({ path }) => path);
  const { texts, weights, index, ggufs, torch } = modelFolder([...byName.keys()]);
  if (ggufs.length > 1) throw severalGgufs(ggufs);
  const wanted = [...texts, ...weights, ...ggufs, ...torch, ...(index === null ? [] : [index])].map((name) => ({
    name,
    entry: byName.get(name)!,
  }));
  for (const { entry } of wanted) refuseFaulty(archive.name, entry);
  const total = wanted.reduce((sum, { entry }) => sum + entry.size, 0);
  await checkRoom(total);

  const files: IncomingFile[] = [];
  const budget = { unpacked: 0, packed: 0 };
  let done = 0;
  for (const { name, entry } of wanted) {
    const tell = (bytes: number) => {
      signal.throwIfAborted();
      onProgress({ phase: 'import', item: name, done: (done += bytes), total });
    };
    const stored = await archive.stored(entry);
    if (stored) {
      for await (const piece of archive.read(entry, budget)) tell(piece.length);
      files.push({ path: name, bytes: stored, inPlace: false });
      continue;
    }
    const file = await storage.begin(`${into}/${name}`);
    try {
      for await (const piece of archive.read(entry, budget)) {
        await file.write(piece);
        tell(piece.length);
      }
    } catch (error) {
      await file.discard();
      throw error;
    }
    await file.commit();
    files.push({ path: name, bytes: await storage.blob(`${into}/${name}`), inPlace: true });
  }
  return files;
}
