/** Fetches files that are served with the studio (public/): starter corpora, base models, probe sets. Same origin only. */
import { StudioError } from '../../src/core/errors';

/** A worker's script lies one folder below the studio's root, in development (workers/) as in a build (assets/). */
function publicUrl(path: string): string {
  const inWorker = !('document' in globalThis);
  return new URL(inWorker ? `../${path}` : path, inWorker ? self.location.href : `${self.location.origin}/`).href;
}

/** @throws StudioError `fetch-failed` with url and status (0 when the server was not reached) */
export async function fetchPublic(path: string, signal?: AbortSignal): Promise<Response> {
  const url = publicUrl(path);
  let response: Response;
  try {
    response = await fetch(url, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw new StudioError('fetch-failed', `${path} could not be fetched: ${String(error)}`, { url: path, status: 0 });
  }
  // Servers for single-page apps answer a missing file with index.html and status 200.
  const page = response.headers.get('content-type')?.includes('text/html') === true;
  if (!response.ok || page)
    throw new StudioError('fetch-failed', `${path} could not be fetched`, { url: path, status: page ? 404 : response.status });
  return response;
}

export async function fetchBytes(path: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetchPublic(path, signal)).arrayBuffer());
}

/** The file as a Blob, which the browser may keep on the disk rather than in memory. */
export async function fetchBlob(path: string): Promise<Blob> {
  return (await fetchPublic(path)).blob();
}

const manifests = new Map<string, Promise<unknown>>();

/** A manifest.json, fetched once and cached; after a failure the next call fetches again. */
export function fetchManifest(path: string): Promise<unknown> {
  const known = manifests.get(path);
  if (known) return known;
  const asked = fetchPublic(path).then((response) => response.json() as Promise<unknown>);
  manifests.set(path, asked);
  asked.catch(() => manifests.delete(path));
  return asked;
}
