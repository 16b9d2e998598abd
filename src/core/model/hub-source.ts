/** Where a model on the Hugging Face Hub or a mirror is to be found, checked before anybody is asked. */
import { StudioError } from '../errors';

export const HUB_ADDRESS = 'https://huggingface.co';
export const MAIN_REVISION = 'main';

export type HubField = 'address' | 'repository' | 'revision';

export interface HubPlace {
  /** Scheme, host and, of a mirror below a path, that path; no slash at the end. */
  address: string;
  /** As a person names it: host, and port where it is not the usual one. */
  host: string;
  /** "owner/name", or "name" of the Hub's first days. */
  repository: string;
  revision: string;
}

const ACCEPTED: Record<HubField, string> = {
  address: 'https://…, http://localhost:…, http://127.0.0.1:…',
  repository: 'owner/name',
  revision: 'branch, tag, commit',
};

/** @throws StudioError `hub-source` with field, value and what is accepted */
export function hubPlace(given: Record<HubField, string>): HubPlace {
  const refuse = (field: HubField): never => {
    const values = { field, value: given[field], accepted: ACCEPTED[field] };
    throw new StudioError('hub-source', `The ${field} is ${JSON.stringify(values.value)}; accepted: ${values.accepted}`, values);
  };
  const url = parseUrl(given.address.trim()) ?? refuse('address');
  const local = url.protocol === 'http:' && ['localhost', '127.0.0.1'].includes(url.hostname);
  if (!(url.protocol === 'https:' || local) || url.username || url.password || url.search || url.hash) refuse('address');
  const repository = given.repository.trim();
  if (!/^(?:[\w-][\w.-]*\/)?[\w-][\w.-]*$/.test(repository) || repository.length > 96) refuse('repository');
  const revision = given.revision.trim();
  if (!/^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/.test(revision)) refuse('revision');
  return { address: url.origin + url.pathname.replace(/\/+$/, ''), host: url.host, repository, revision };
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
