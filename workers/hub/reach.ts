/** Every request that goes to the Hub or a mirror passes here: to the host that the person said yes to, and with nothing of theirs but a token they gave. */
import { HubApiError } from '@huggingface/hub';
import { StudioError } from '../../src/core/errors';
import { hubPlace, type HubPlace } from '../../src/core/model/hub-source';
import type { HubSource } from '../../src/contract/hub';

export interface Reach extends HubPlace {
  /** As `fetch`; refuses every address that is not the host's own. Redirects, to the host's stores of files, are followed. */
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
      // The browser takes this header off when the host sends it elsewhere.
      if (source.token) headers.set('Authorization', `Bearer ${source.token}`);
      return fetch(url, { ...init, headers, signal, credentials: 'omit', referrerPolicy: 'no-referrer', cache: 'no-store' });
    },
  };
}

export function badAnswer({ host }: HubPlace, detail: string): StudioError {
  return new StudioError('hub-answer', `${host} gave an answer that cannot be used: ${detail}`, { host, detail });
}

/** What went wrong on the way, as a person can act on it. */
export function hubError(error: unknown, place: HubPlace, signal: AbortSignal): unknown {
  const { host, repository, revision } = place;
  if (signal.aborted) return signal.reason;
  if (error instanceof HubApiError) {
    const status = error.statusCode;
    // The Hub says 401 of a repository that does not exist as well, so that nobody can probe for private ones.
    if (status === 401 || status === 403)
      return new StudioError('hub-forbidden', `${host} does not give ${repository} (status ${status})`, { host, repository, status });
    if (status === 404)
      return new StudioError('hub-missing', `${host} has no ${repository} at ${revision}`, { host, repository, revision });
    return badAnswer(place, `status ${status}`);
  }
  // What fetch throws when there was no answer, or none that this origin may read.
  if (error instanceof TypeError) return new StudioError('hub-unreachable', `${host} could not be reached`, { host });
  if (error instanceof StudioError || error instanceof DOMException) return error;
  return badAnswer(place, error instanceof Error ? error.message : String(error));
}
