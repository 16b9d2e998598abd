/** A data set's repository: what it holds, by the Hub's lists and its card, and ranges of its files' bytes for the corpus worker. */
import { HubApiError, listFiles } from '@huggingface/hub';
import { expose, transfer } from 'comlink';
import { cardLicence, convertedConfigs, datasetConfigs, isDatasetData, type DatasetFile } from '../../src/core/corpus/dataset-files';
import { MAIN_REVISION } from '../../src/core/model/hub-source';
import type { HubDataset, HubRanges } from '../../src/contract/hub';
import { badAnswer, hubError, incomplete, statusError, type Reach } from './reach';

/** Branch on which the Hub keeps its conversion to parquet. */
const CONVERTED = 'refs/convert/parquet';
/** Files of a repository that are looked at; the largest have some ten thousands. */
const MOST_FILES = 100_000;
const LARGEST_CARD = 2 ** 20;
/** Times that a line may break off without a byte before it is given up. */
const MOST_TRIES = 3;

interface Info {
  sha?: unknown;
  gated?: unknown;
  cardData?: unknown;
  tags?: unknown;
}

export async function listDataset(reach: Reach): Promise<HubDataset> {
  // Not every mirror has the description; the list of files is what counts.
  const info = await described(reach);
  const files = await filesAt(reach, reach.revision);
  const card = info?.cardData ?? (files.some(({ path }) => path === 'README.md') ? await cardOf(reach) : null);
  const tags = Array.isArray(info?.tags) ? info.tags.filter((tag): tag is string => typeof tag === 'string') : [];
  const uploaded = datasetConfigs(files, card, isDatasetData);
  const converted = reach.revision === MAIN_REVISION ? convertedConfigs(await filesAt(reach, CONVERTED).catch(none)) : [];
  return {
    commit: typeof info?.sha === 'string' ? info.sha : null,
    licence: cardLicence(card, tags),
    gated: info?.gated !== undefined && info.gated !== false,
    layouts: [
      ...(uploaded.length > 0 ? [{ of: 'uploaded' as const, revision: reach.revision, configs: uploaded }] : []),
      ...(converted.length > 0 ? [{ of: 'converted' as const, revision: CONVERTED, configs: converted }] : []),
    ],
    others: files.filter(({ path }) => !isDatasetData(path)).length,
  };
}

/** A branch that is not there has no files. */
function none(error: unknown): DatasetFile[] {
  if (error instanceof HubApiError) return [];
  throw error;
}

async function filesAt(reach: Reach, revision: string): Promise<DatasetFile[]> {
  const files: DatasetFile[] = [];
  const listing = listFiles({
    repo: { type: 'dataset', name: reach.repository },
    recursive: true,
    revision: encodeURIComponent(revision),
    hubUrl: reach.address,
    fetch: reach.fetch,
  });
  for await (const { type, path, size } of listing) {
    if (typeof path !== 'string' || !Number.isSafeInteger(size) || size < 0) throw badAnswer(reach, 'its list of files is not one');
    if (type === 'file') files.push({ path, bytes: size });
    if (files.length >= MOST_FILES) break;
  }
  return files;
}

async function described(reach: Reach): Promise<Info | null> {
  const answer = await reach.fetch(`${reach.address}/api/datasets/${reach.repository}/revision/${encodeURIComponent(reach.revision)}`);
  if (answer.status === 401 || answer.status === 403) throw statusError(answer.status, reach);
  if (!answer.ok) return null;
  const info: unknown = await answer.json().catch(() => null);
  return typeof info === 'object' ? info : null;
}

/** The YAML between the dashes at the beginning of the README; null where there is none that can be read. */
async function cardOf(reach: Reach): Promise<unknown> {
  const answer = await reach.fetch(resolveAddress(reach, 'README.md'));
  if (!answer.ok) return null;
  const text = (await answer.text()).slice(0, LARGEST_CARD);
  const yaml = /^\uFEFF?---\s*\n([\s\S]*?)\n---\s*(?:\n|$)/.exec(text)?.[1];
  if (yaml === undefined) return null;
  const { parse } = await import('yaml');
  try {
    return parse(yaml, { maxAliasCount: 100, logLevel: 'silent' });
  } catch {
    return null;
  }
}

function resolveAddress({ address, repository, revision }: Reach, path: string): string {
  return `${address}/datasets/${repository}/resolve/${encodeURIComponent(revision)}/${path.split('/').map(encodeURIComponent).join('/')}`;
}

let served: MessagePort | null = null;

/** Gives bytes of files on the port, and on no other. */
export function serveRanges(now: () => { reach: Reach; signal: AbortSignal }, port: MessagePort): void {
  served?.close();
  served = port;
  const api: HubRanges = {
    async range(path, from, to) {
      const { reach, signal } = now();
      try {
        const bytes = await rangeOf(reach, path, from, to);
        return transfer(bytes, [bytes]);
      } catch (error) {
        throw hubError(error, reach, signal);
      }
    },
  };
  expose(api, port);
}

/** All bytes of the range. Where the line breaks off, what is missing is asked for again. */
async function rangeOf(reach: Reach, path: string, from: number, to: number): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(to - from);
  let done = 0;
  for (let tries = 0; done < bytes.length; tries++) {
    const before = done;
    try {
      for await (const piece of piecesOf(reach, path, from + done, to)) {
        if (done + piece.length > bytes.length) throw badAnswer(reach, `${path} has more bytes than were asked for`);
        bytes.set(piece, done);
        done += piece.length;
      }
    } catch (error) {
      // An error of the network has no type.
      if (!(error instanceof TypeError) || tries >= MOST_TRIES)
        throw done > 0 && error instanceof TypeError ? incomplete(reach, path, done, bytes.length) : error;
    }
    if (done > before) tries = 0;
    else if (tries >= MOST_TRIES) throw incomplete(reach, path, done, bytes.length);
  }
  return bytes.buffer;
}

async function* piecesOf(reach: Reach, path: string, from: number, to: number): AsyncGenerator<Uint8Array> {
  const answer = await reach.fetch(resolveAddress(reach, path), { headers: { Range: `bytes=${from}-${to - 1}` } });
  if (!answer.ok) throw statusError(answer.status, reach);
  const whole = answer.status === 200;
  // A file that is given whole is one that is asked for whole.
  if (whole && (from > 0 || Number(answer.headers.get('Content-Length') ?? to) > to)) {
    await answer.body?.cancel();
    throw badAnswer(reach, `it gives no parts of ${path}`);
  }
  const reader = answer.body!.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
