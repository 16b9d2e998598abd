/** Takes the files of a model out of an archive: only those that the model folder needs, each checked before the next is looked at. */
import { modelFolder, outermost } from '../../src/core/model/folder';
import type { OnProgress } from '../../src/contract/progress';
import { archiveLimits, refuseFaulty, type ArchiveLimits } from '../archive/archive';
import { openZip } from '../archive/zip-reader';
import { files as storage } from '../storage/files';
import { quotaError, storageEstimate } from '../storage/quota';
import type { IncomingFile } from './import-model';

/**
 * A model folder has a dozen files; with all the formats that a repository may hold, some hundred. Weights hardly shrink, and JSON
 * shrinks some ten times.
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
 * Stored entries are read where they lie, deflated ones are unpacked to the disk; archives inside the archive stay shut.
 * @param into folder of the storage for what must be unpacked
 * @throws StudioError `archive-invalid`, `file-missing`, `quota`, `cancelled`
 */
export async function unpackModel(given: File, into: string, onProgress: OnProgress, signal: AbortSignal): Promise<IncomingFile[]> {
  const archive = await openZip({ name: given.name, blob: given }, modelLimits);
  const byName = outermost(archive.entries, ({ path }) => path);
  const { texts, weights, index } = modelFolder([...byName.keys()]);
  const wanted = [...texts, ...weights, ...(index === null ? [] : [index])].map((name) => ({ name, entry: byName.get(name)! }));
  for (const { entry } of wanted) refuseFaulty(archive.name, entry);
  const total = wanted.reduce((sum, { entry }) => sum + entry.size, 0);
  const { used, quota } = await storageEstimate();
  if (quota > 0 && total > quota - used) throw await quotaError(total);

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
