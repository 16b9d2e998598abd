/**
 * Addresses of the form `#/page?name=value`. wouter's own hash hook leaves the query inside the path and writes it before
 * the hash, where `?backend=` of the engine stands; here path and query of the hash are apart.
 */
import { useMemo, useSyncExternalStore } from 'react';
import type { BaseLocationHook } from 'wouter';

const subscribe = (callback: () => void) => {
  window.addEventListener('hashchange', callback);
  return () => window.removeEventListener('hashchange', callback);
};
const currentHash = () => window.location.hash.replace(/^#?\/?/, '');

/** Goes to `path` ("/compare?a=…"). With `replace` the history keeps its length. */
export function navigate(path: string, options: { replace?: boolean } = {}): void {
  const before = window.location.href;
  const url = new URL(before);
  url.hash = `/${path.replace(/^\//, '')}`;
  window.history[options.replace ? 'replaceState' : 'pushState'](null, '', url);
  window.dispatchEvent(new HashChangeEvent('hashchange', { oldURL: before, newURL: url.href }));
}

export const useHashLocation: BaseLocationHook = () => {
  const hash = useSyncExternalStore(subscribe, currentHash);
  return [`/${hash.split('?')[0]}`, navigate];
};

export const hashHref = (path: string) => `#${path}`;

/** The part after `?` in the hash. */
export function useHashQuery(): URLSearchParams {
  const hash = useSyncExternalStore(subscribe, currentHash);
  return useMemo(() => new URLSearchParams(hash.split('?')[1] ?? ''), [hash]);
}
