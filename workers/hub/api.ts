/**
 * The hub worker, the only one whose policy allows requests to another origin (tools/headers.mjs). It lists the files of a model on
 * the Hugging Face Hub or a mirror and downloads them into the incoming folder; the library worker checks them and makes a model.
 */
import { HubApiError, downloadFile, listFiles } from '@huggingface/hub';
import { StudioError } from '../../src/core/errors';
import { hubPlace, type HubPlace } from '../../src/core/model/hub-source';
import type { HubSource, HubApi, HubFile } from '../../src/contract/hub';
import { modelFolder } from '../../src/core/model/folder';
import { standIn } from '../../src/core/stand-in';
import { Cancelling } from '../rpc/expose';
import { files as storage } from '../storage/files';
import { incomingPath, openIncoming, type IncomingFolder } from '../storage/models';
import { checkRoom } from '../storage/quota';

interface Reach extends HubPlace {
  /**
   * `fetch` limited to the origin that the person agreed to, with their token and no cookies. Redirects, by which hosts lead to their
   * file stores, are followed.
   */
  fetch: typeof fetch;
}

/** @throws StudioError `hub-source` */
function reachFor(source: HubSource, signal: AbortSignal): Reach {
  const place = hubPlace(source);
  const { origin } = new URL(place.address);
  return {
    ...place,
    async fetch(input, init) {
      const url = new URL(input instanceof Request ? input.url : input);
      if (url.origin !== origin) throw badAnswer(place, `it leads on to ${url.host}`);
      const headers = new Headers(init?.headers);
      // The browser removes this header when a redirect leads to another origin.
      if (source.token) headers.set('Authorization', `Bearer ${source.token}`);
      const answer = await fetch(url, { ...init, headers, signal, credentials: 'omit', referrerPolicy: 'no-referrer', cache: 'no-store' });
      // A login or an error page with status 200: no file of a model is HTML, and neither is the list.
      if (answer.ok && answer.headers.get('Content-Type')?.startsWith('text/html')) throw webPage(place, nameOf(url));
      return answer;
    },
  };
}

function webPage({ host }: HubPlace, file: string): StudioError {
  return new StudioError('hub-web-page', `${host} answered with a web page in place of ${file}`, { host, file });
}

const nameOf = (url: URL): string => decodeURIComponent(url.pathname.slice(url.pathname.lastIndexOf('/') + 1));

function badAnswer({ host }: HubPlace, detail: string): StudioError {
  return new StudioError('hub-answer', `${host} gave an answer that cannot be used: ${detail}`, { host, detail });
}

/** The error of a request as a typed one: no access, not there, not reachable, or an unusable answer. */
function hubError(error: unknown, place: HubPlace, signal: AbortSignal): unknown {
  const { host, repository, revision } = place;
  if (signal.aborted) return signal.reason;
  if (error instanceof HubApiError) {
    const status = error.statusCode;
    // The Hub answers 401 also for a repository that does not exist, so as not to reveal private ones.
    if (status === 401 || status === 403)
      return new StudioError('hub-forbidden', `${host} does not give ${repository} (status ${status})`, { host, repository, status });
    if (status === 404)
      return new StudioError('hub-missing', `${host} has no ${repository} at ${revision}`, { host, repository, revision });
    return badAnswer(place, `status ${status}`);
  }
  // fetch throws a TypeError when there was no answer, or none that CORS lets this origin read.
  if (error instanceof TypeError) return new StudioError('hub-unreachable', `${host} could not be reached`, { host });
  if (error instanceof StudioError || error instanceof DOMException) return error;
  return badAnswer(place, error instanceof Error ? error.message : String(error));
}

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
  const { texts, weights, index, ggufs } = modelFolder([...sizes.keys()]);
  return [...texts, ...(index === null ? [] : [index]), ...weights, ...ggufs].map((path) => ({ path, bytes: sizes.get(path)! }));
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

function incomplete({ host }: Reach, file: string, bytes: number, total: number): StudioError {
  return new StudioError('hub-incomplete', `${host} broke off in ${file} after ${bytes} of ${total} bytes`, { host, file, bytes, total });
}
