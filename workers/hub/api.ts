/**
 * The hub worker, the only one whose policy allows requests to another origin (tools/headers.mjs). It lists the files of a model on
 * the Hugging Face Hub or a mirror and downloads them into the incoming folder; the library worker checks them and makes a model. Of a data
 * set it gives the corpus worker the bytes that are asked for.
 */
import { downloadFile, listFiles } from '@huggingface/hub';
import { StudioError } from '../../src/core/errors';
import type { HubApi, HubFile } from '../../src/contract/hub';
import { modelFolder } from '../../src/core/model/folder';
import { standIn } from '../../src/core/stand-in';
import { Cancelling } from '../rpc/expose';
import { files as storage } from '../storage/files';
import { incomingPath, openIncoming, type IncomingFolder } from '../storage/models';
import { checkRoom } from '../storage/quota';
import { listDataset, serveRanges } from './datasets';
import { serveLog } from './logs';
import { badAnswer, hubError, incomplete, reachFor, textAt, webPage, type Reach } from './reach';

/** Entries in the root of a repository; a model has fewer. */
const MOST_ENTRIES = 5000;

const work = new Cancelling();
const places = new Map<string, IncomingFolder>();

export const hubApi: HubApi = {
  async list(source) {
    const { signal } = work;
    const reach = reachFor(source, signal);
    try {
      return await listModel(reach);
    } catch (error) {
      throw hubError(error, reach, signal);
    }
  },

  async download(source, files, onProgress) {
    const { signal } = work;
    const reach = reachFor(source, signal);
    const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    await checkRoom(total);
    const id = `m-${crypto.randomUUID()}`;
    const place = await openIncoming(id);
    let done = 0;
    try {
      for (const file of files) {
        onProgress({ phase: 'fetch', item: file.path, done, total });
        await downloadOne(reach, file, `${incomingPath(id)}/${file.path}`, (bytes) =>
          onProgress({ phase: 'fetch', item: file.path, done: (done += bytes), total }),
        );
      }
    } catch (error) {
      await place.close();
      throw hubError(error, reach, signal);
    }
    places.set(id, place);
    return id;
  },

  async discard(id) {
    const place = places.get(id);
    places.delete(id);
    await place?.close();
  },

  async dataset(source) {
    const { signal } = work;
    const reach = reachFor(source, signal);
    try {
      return await listDataset(reach);
    } catch (error) {
      throw hubError(error, reach, signal);
    }
  },

  async serve(source, port) {
    // Refused before anything is served. What is cancelled is what is under way: later ranges are served again.
    reachFor(source, work.signal);
    serveRanges(() => ({ reach: reachFor(source, work.signal), signal: work.signal }), port);
  },

  async serveLog(address, port) {
    serveLog(address, port, () => work.signal);
  },

  text: (address, most) => textAt(address, most, work.signal),

  async cancel() {
    work.cancel();
  },
};

async function listModel(reach: Reach): Promise<HubFile[]> {
  const sizes = new Map<string, number>();
  const listing = listFiles({
    repo: { type: 'model', name: reach.repository },
    revision: encodeURIComponent(reach.revision),
    hubUrl: reach.address,
    fetch: reach.fetch,
  });
  for await (const { type, path, size } of listing) {
    if (typeof path !== 'string' || !Number.isSafeInteger(size) || size < 0 || sizes.size >= MOST_ENTRIES)
      throw badAnswer(reach, 'its list of files is not one');
    if (type === 'file' && !path.includes('/')) sizes.set(path, size);
  }
  const { texts, weights, index, ggufs, torch } = modelFolder([...sizes.keys()]);
  return [...texts, ...(index === null ? [] : [index]), ...weights, ...ggufs, ...torch].map((path) => ({ path, bytes: sizes.get(path)! }));
}

async function downloadOne(reach: Reach, { path, bytes }: HubFile, to: string, onBytes: (bytes: number) => void): Promise<void> {
  const content = await downloadFile({
    repo: { type: 'model', name: reach.repository },
    path,
    revision: reach.revision,
    hubUrl: reach.address,
    fetch: reach.fetch,
    // Mirrors serve plain files, not Xet's chunks.
    xet: false,
  });
  if (!content) throw new StudioError('hub-missing', `${reach.host} has no ${path}`, { ...values(reach), repository: path });
  if (content.size !== bytes) throw badAnswer(reach, `${path} has ${content.size} bytes, the list says ${bytes}`);
  const file = await storage.begin(to);
  let received = 0;
  try {
    for await (const chunk of content.stream()) {
      if (received === 0 && /\.(json|safetensors|gguf)$/.test(path) && standIn(chunk)?.kind === 'web-page') throw webPage(reach, path);
      received += chunk.length;
      if (received > bytes) break;
      await file.write(chunk);
      onBytes(chunk.length);
    }
  } catch (error) {
    await file.discard();
    // An error of the network arrives without a type; one of the disk is a StudioError.
    throw error instanceof StudioError ? error : incomplete(reach, path, received, bytes);
  }
  if (received !== bytes) {
    await file.discard();
    throw incomplete(reach, path, received, bytes);
  }
  await file.commit();
}

const values = ({ host, repository, revision }: Reach) => ({ host, repository, revision });
