/** Requests to the one host that a person agreed to, and what goes wrong with them as typed errors. */
import { HubApiError } from '@huggingface/hub';
import { StudioError } from '../../src/core/errors';
import { documentAddress, hubPlace, type HubPlace } from '../../src/core/model/hub-source';
import type { HubSource } from '../../src/contract/hub';

export interface Reach extends HubPlace {
  /**
   * `fetch` limited to the origin that the person agreed to, with their token and no cookies. Redirects, by which hosts lead to their
   * file stores, are followed.
   */
  fetch: typeof fetch;
}

/** @throws StudioError `hub-source` */
export function reachFor(source: HubSource, signal: AbortSignal): Reach {
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

/** A text at an address, under the same limits: no cookies, no referrer, no more than is taken. @throws StudioError `hub-*`, `file-too-large` */
export async function textAt(address: string, most: number, signal: AbortSignal): Promise<string> {
  const { href, host } = documentAddress(address);
  const place: HubPlace = { address: href, host, repository: href, revision: '' };
  try {
    const answer = await fetch(href, { signal, credentials: 'omit', referrerPolicy: 'no-referrer', cache: 'no-store' });
    if (!answer.ok) throw statusError(answer.status, place);
    if (answer.headers.get('Content-Type')?.startsWith('text/html')) throw webPage(place, href);
    const decoder = new TextDecoder();
    let text = '';
    const reader = answer.body!.getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      text += decoder.decode(read.value, { stream: true });
      if (text.length <= most) continue;
      await reader.cancel();
      throw new StudioError('file-too-large', `${href} is larger than ${most} characters`, { file: href, bytes: text.length, limit: most });
    }
    return text + decoder.decode();
  } catch (error) {
    throw hubError(error, place, signal);
  }
}

export function webPage({ host }: HubPlace, file: string): StudioError {
  return new StudioError('hub-web-page', `${host} answered with a web page in place of ${file}`, { host, file });
}

const nameOf = (url: URL): string => decodeURIComponent(url.pathname.slice(url.pathname.lastIndexOf('/') + 1));

export function badAnswer({ host }: HubPlace, detail: string): StudioError {
  return new StudioError('hub-answer', `${host} gave an answer that cannot be used: ${detail}`, { host, detail });
}

/** The error of a request as a typed one: no access, not there, not reachable, or an unusable answer. */
export function hubError(error: unknown, place: HubPlace, signal: AbortSignal): unknown {
  const { host } = place;
  if (signal.aborted) return signal.reason;
  if (error instanceof HubApiError) return statusError(error.statusCode, place);
  // fetch throws a TypeError when there was no answer, or none that CORS lets this origin read.
  if (error instanceof TypeError) return new StudioError('hub-unreachable', `${host} could not be reached`, { host });
  if (error instanceof StudioError || error instanceof DOMException) return error;
  return badAnswer(place, error instanceof Error ? error.message : String(error));
}

export function statusError(status: number, place: HubPlace): StudioError {
  const { host, repository, revision } = place;
  // The Hub answers 401 also for a repository that does not exist, so as not to reveal private ones.
  if (status === 401 || status === 403)
    return new StudioError('hub-forbidden', `${host} does not give ${repository} (status ${status})`, { host, repository, status });
  if (status === 404) return new StudioError('hub-missing', `${host} has no ${repository} at ${revision}`, { host, repository, revision });
  return badAnswer(place, `status ${status}`);
}

export function incomplete({ host }: HubPlace, file: string, bytes: number, total: number): StudioError {
  return new StudioError('hub-incomplete', `${host} broke off in ${file} after ${bytes} of ${total} bytes`, { host, file, bytes, total });
}
