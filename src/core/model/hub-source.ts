/** Where a model or a data set on the Hugging Face Hub or a mirror is to be found, checked before anybody is asked. */
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

/** The address of one file that is asked for by itself. @throws StudioError `hub-source` */
export function documentAddress(text: string): { href: string; host: string } {
  const url = parseUrl(text.trim());
  const local = url?.protocol === 'http:' && ['localhost', '127.0.0.1'].includes(url.hostname);
  if (!url || !(url.protocol === 'https:' || local) || url.username || url.password || url.hash) {
    const values = { field: 'address', value: text, accepted: ACCEPTED.address };
    throw new StudioError('hub-source', `The address is ${JSON.stringify(text)}; accepted: ${values.accepted}`, values);
  }
  return { href: url.origin + url.pathname + url.search, host: url.host };
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

export interface DatasetPlace extends HubPlace {
  /** What a pasted address says besides. */
  config: string | null;
  split: string | null;
}

/**
 * A data set by its name ("owner/name") or by an address of one of its pages, which says host and perhaps revision, config and split:
 * https://huggingface.co/datasets/owner/name/viewer/config/split, hf://datasets/owner/name@revision.
 * @throws StudioError `hub-source`
 */
export function datasetPlace(given: Record<HubField, string>): DatasetPlace {
  const text = given.repository.trim();
  const found = { ...given, repository: text.replace(/^datasets\//, '') };
  let config: string | null = null;
  let split: string | null = null;
  const url = /^(?:https?|hf):\/\//.test(text) ? parseUrl(text.replace(/^hf:\/\//, 'https://huggingface.co/')) : undefined;
  if (url) {
    const parts = url.pathname
      .split('/')
      .filter((part) => part !== '')
      .map(decoded);
    const at = parts.indexOf('datasets');
    const pages = ['tree', 'blob', 'resolve', 'viewer', 'raw', 'discussions', 'settings'];
    const end = parts.findIndex((part, place) => place > at && pages.includes(part));
    const named = parts.slice(at + 1, end < 0 ? undefined : end);
    const [page, ...rest] = end < 0 ? [] : parts.slice(end);
    const [name, revision] = (at < 0 ? text : named.join('/')).split('@');
    found.repository = name!;
    if (!text.startsWith('hf:')) found.address = [url.origin, ...parts.slice(0, Math.max(0, at))].join('/');
    if (revision) found.revision = revision;
    if (['tree', 'blob', 'resolve', 'raw'].includes(page ?? '') && rest[0]) found.revision = rest[0];
    if (page === 'viewer') [config, split] = [rest[0] ?? null, rest[1] ?? null];
  }
  return { ...hubPlace(found), config, split };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
