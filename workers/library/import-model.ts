/**
 * Takes in a model: from a person's files, out of a zip, or from what was downloaded. Headers, names and shapes are checked
 * before a weight is read; weights go piece by piece to the disk and are looked at on their way, so that no file ever lies in
 * memory. Only when all is well does the model exist.
 */
import { StudioError } from '../../src/core/errors';
import { INDEX_FILE, modelFolder, outermost } from '../../src/core/model/folder';
import type { ModelRecord } from '../../src/contract/library';
import type { OnProgress } from '../../src/contract/progress';
import type { SafetensorsFile } from '../engine/checkpoint/safetensors';
import { readIndex, type WeightFile } from '../engine/checkpoint/sharded';
import { openModel, type ReadableModel } from '../engine/model/read';
import { files as storage } from '../storage/files';
import { incomingPath, openIncoming, settleIncoming } from '../storage/incoming';
import { modelPath, modelRecord } from '../storage/models';
import { quotaError, storageEstimate } from '../storage/quota';
import { putRecord } from '../storage/records';
import { TextTokenizer } from '../tokenizer/text-tokenizer';
import { isZip } from '../archive/zip-reader';
import { unpackModel } from './unpack-model';

/** A file of a model on its way in. */
export interface IncomingFile {
  /** Folders and all, as it came. */
  path: string;
  bytes: Blob;
  /** It lies in the incoming folder already: checked there, and moved when it is good. */
  inPlace: boolean;
}

/** JSON and Markdown are read whole. */
const LARGEST_TEXT = 64 * 2 ** 20;
/** A parameter is one array of float32; the CPU engine's heap ends at 4 GiB, and it needs one such array and room to work. */
const LARGEST_PARAMETER = 2 ** 31;

/**
 * @param given a folder's files, or one zip of them
 * @throws StudioError what the engine and the tokenizer say of bad files, `file-missing`, `file-too-large`, `archive-invalid`, `quota`,
 * `cancelled`; then nothing has been stored
 */
export async function importModel(given: readonly File[], name: string, onProgress: OnProgress, signal: AbortSignal): Promise<ModelRecord> {
  const id = `m-${crypto.randomUUID()}`;
  const place = await openIncoming(id);
  try {
    const archive = given.length === 1 && isZip(given[0]!) ? given[0]! : null;
    const files = archive
      ? await unpackModel(archive, incomingPath(id), onProgress, signal)
      : given.map((file): IncomingFile => ({ path: file.webkitRelativePath || file.name, bytes: file, inPlace: false }));
    return await takeIn(id, files, name, onProgress, signal);
  } finally {
    await place.close();
  }
}

/** What the hub worker has put into the incoming folder `id`, which stays its to close; errors as above. */
export async function importDownload(id: string, name: string, onProgress: OnProgress, signal: AbortSignal): Promise<ModelRecord> {
  const files: IncomingFile[] = [];
  for (const entry of await storage.list(incomingPath(id)))
    files.push({ path: entry.name, bytes: await storage.blob(`${incomingPath(id)}/${entry.name}`), inPlace: true });
  return takeIn(id, files, name, onProgress, signal);
}

async function takeIn(
  id: string,
  files: readonly IncomingFile[],
  name: string,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<ModelRecord> {
  const byName = outermost(files, ({ path }) => path);
  const folder = modelFolder([...byName.keys()]);
  const index = folder.index === null ? null : { name: INDEX_FILE, text: await readText(byName, INDEX_FILE) };
  const weights = chooseWeights(byName, folder.weights, index);
  const total = weights.reduce((sum, { bytes }) => sum + bytes.size, 0);
  onProgress({ phase: 'import', item: name, done: 0, total });
  await checkRoom([...byName.values()].reduce((sum, file) => sum + (file.inPlace ? 0 : file.bytes.size), 0));

  const config = await readText(byName, 'config.json');
  const fields = parseObject('config.json', config);
  const tokenizer = await TextTokenizer.open({
    tokenizer: await readText(byName, 'tokenizer.json'),
    config: byName.has('tokenizer_config.json') ? await readText(byName, 'tokenizer_config.json') : null,
    model: config,
  });
  const model = await openModel({
    config: { name: 'config.json', text: config },
    weights: weights.map(({ name: file, bytes }): WeightFile => ({ name: file, bytes })),
    ...(index ? { index } : {}),
    tokenizerSize: tokenizer.size,
  });
  checkParameters(model);

  const used = new Set(model.used.map((tensor) => tensor.name));
  let done = 0;
  for (const [at, file] of model.files.entries()) {
    const tell = (bytes: number) => {
      signal.throwIfAborted();
      onProgress({ phase: 'import', item: file.name, done: (done += bytes), total });
    };
    if (weights[at]!.inPlace) for await (const piece of checkedBytes(file, used)) tell(piece.length);
    else await storage.write(`${incomingPath(id)}/${file.name}`, told(checkedBytes(file, used), tell));
  }
  const texts = [...folder.texts, ...(index ? [INDEX_FILE] : [])];
  for (const text of texts) {
    const file = byName.get(text)!;
    if (!file.inPlace) await storage.write(`${incomingPath(id)}/${text}`, new Uint8Array(await file.bytes.arrayBuffer()));
  }

  const record = modelRecord({ id, name, bundled: false, createdAt: Date.now() }, fields, model.config);
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

/** A whole weight file, byte for byte; the tensors that the model uses are looked through for values that are not finite. */
async function* checkedBytes({ head, tensors }: SafetensorsFile, used: ReadonlySet<string>): AsyncGenerator<Uint8Array> {
  yield head;
  for (const [name, tensor] of tensors) yield* tensor.rawPieces(used.has(name));
}

async function* told(pieces: AsyncIterable<Uint8Array>, tell: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    yield piece;
    tell(piece.length);
  }
}

async function checkRoom(needed: number): Promise<void> {
  const { used, quota } = await storageEstimate();
  if (quota > 0 && needed > quota - used) throw await quotaError(needed);
}

function checkParameters({ used }: ReadableModel): void {
  for (const { file, name, shape } of used) {
    const bytes = shape.reduce((product, side) => product * side, 4);
    if (bytes > LARGEST_PARAMETER) throw tooLarge(`${file}: ${name}`, bytes, LARGEST_PARAMETER);
  }
}

/** With an index the shards that it lists, and no others. */
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
