/**
 * A log at an address that a person agreed to, and files beside it, in ranges for the library worker: only what was added is fetched, where
 * the host gives parts. No cookie, no referrer, no redirect to anywhere else.
 */
import { expose } from 'comlink';
import { StudioError } from '../../src/core/errors';
import { documentAddress, type HubPlace } from '../../src/core/model/hub-source';
import type { LogPiece, LogRanges } from '../../src/contract/follow';
import { badAnswer, webPage } from './reach';

/** Bytes asked for at a time. */
const PIECE = 4 * 2 ** 20;
/** Of a file that the host gives whole. */
const LARGEST = 256 * 2 ** 20;
/** Names that are asked for beside the log, as it names them itself. */
const PLAIN_NAME = /^[\w][\w .@=+-]*$/;

/** Answers `LogRanges` on the port, for the address's own host and folder alone. @throws StudioError `hub-source` */
export function serveLog(address: string, port: MessagePort, signalOf: () => AbortSignal): void {
  const { href, host } = documentAddress(address);
  const place: HubPlace = { address: href, host, repository: href, revision: '' };
  const { pathname } = new URL(href);
  const own = decodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1));
  /** Files of which the host gives the whole alone, with what told of them last. */
  const whole = new Map<string, string>();
  const ranges: LogRanges = {
    async read(file, from) {
      if (file !== own && !PLAIN_NAME.test(file)) throw badAnswer(place, `a file named ${file}`);
      const url = new URL(href);
      if (file !== own) url.pathname = url.pathname.slice(0, url.pathname.lastIndexOf('/') + 1) + encodeURIComponent(file);
      const before = whole.get(file);
      if (before !== undefined) {
        const state = stateOf(await ask(url, place, { method: 'HEAD' }, signalOf()));
        if (state !== '' && state === before) return { ...nothing(from), unchanged: true };
      }
      const answer = await ask(url, place, { headers: { Range: `bytes=${from}-${from + PIECE - 1}` } }, signalOf());
      if (answer.status === 404 || answer.status === 410) return null;
      // The file is shorter than where it was read to, or empty.
      if (answer.status === 416) return { ...nothing(from), shorter: from > 0 };
      if (!answer.ok) throw new StudioError('fetch-failed', `${url.href}: ${answer.status}`, { url: url.href, status: answer.status });
      if (answer.headers.get('Content-Type')?.startsWith('text/html')) throw webPage(place, file);
      if (answer.status === 206) return part(answer, place, from);
      whole.set(file, stateOf(answer));
      return { ...nothing(0), bytes: await bodyOf(answer, url), whole: true };
    },
  };
  expose(ranges, port);
}

const nothing = (from: number): LogPiece => ({ from, bytes: new ArrayBuffer(0), more: false });

/** As much as the host tells of a file's state without giving it; empty where it tells nothing. */
const stateOf = (answer: Response): string =>
  !answer.ok
    ? ''
    : ['ETag', 'Last-Modified', 'Content-Length']
        .map((name) => answer.headers.get(name) ?? '')
        .join(' ')
        .trim();

async function part(answer: Response, place: HubPlace, from: number): Promise<LogPiece> {
  // Seen where the host exposes it; without it the bytes that overlap with what is known tell.
  const begins = /^bytes (\d+)-/.exec(answer.headers.get('Content-Range') ?? '')?.[1];
  if (begins !== undefined && Number(begins) !== from) throw badAnswer(place, `bytes from ${begins}, not from ${from}`);
  const bytes = await answer.arrayBuffer();
  return { from, bytes, more: bytes.byteLength >= PIECE };
}

async function bodyOf(answer: Response, url: URL): Promise<ArrayBuffer> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const reader = answer.body!.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    parts.push(read.value);
    bytes += read.value.length;
    if (bytes <= LARGEST) continue;
    await reader.cancel();
    throw new StudioError('file-too-large', `${url.href} has more than ${LARGEST} bytes`, { file: url.href, bytes, limit: LARGEST });
  }
  return new Blob(parts).arrayBuffer();
}

async function ask(url: URL, place: HubPlace, init: RequestInit, signal: AbortSignal): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(url, {
      ...init,
      signal,
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
      redirect: 'manual',
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (!(error instanceof TypeError)) throw error;
    // No answer, or none that the host lets this origin read: fetch does not say which.
    const { origin } = self.location;
    throw new StudioError('log-unreachable', `${place.host} gave no answer that ${origin} may read`, { host: place.host, origin });
  }
  if (answer.type === 'opaqueredirect') throw badAnswer(place, 'it leads on to another address');
  return answer;
}
