/**
 * Addresses of the form `#/page?name=value`. wouter's own hash hook leaves the query inside the path and writes it before
 * the hash, where `?backend=` of the engine stands; here path and query of the hash are apart.
 */
import { useMemo, useSyncExternalStore } from 'react';
import type { BaseLocationHook } from 'wouter';
import { create } from 'zustand';
import { readAddress, type AddressState, type DeskPart } from '../core/lesson/address';

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
export const hashQuery = (hash = currentHash()): URLSearchParams => new URLSearchParams(hash.split('?')[1] ?? '');

export function useHashQuery(): URLSearchParams {
  const hash = useSyncExternalStore(subscribe, currentHash);
  return useMemo(() => hashQuery(hash), [hash]);
}

/**
 * How addresses of this visit want the studio to be shown: what the last one said that said anything of it. A lesson hides more, and leaves
 * only some controls free (null: all of them).
 */
export const useShown = create<{
  embed: boolean;
  hide: ReadonlySet<DeskPart>;
  lesson: { hide: readonly DeskPart[]; free: readonly DeskPart[] } | null;
  faults: AddressState['faults'];
}>(() => ({ embed: false, hide: new Set(), lesson: null, faults: [] }));

/** Reads the present address and keeps what it says. */
export function meetAddress(): AddressState {
  const query = hashQuery();
  const state = readAddress((name) => query.get(name));
  const { hide, embed } = useShown.getState();
  useShown.setState({
    hide: state.hide === null ? hide : new Set(state.hide),
    embed: state.embed ?? embed,
    faults: state.faults,
  });
  return state;
}

/** Attributes of the element that holds a part of the desk: hidden, or there but not to be moved. */
export function usePart(part: DeskPart): { 'data-part': DeskPart; hidden: boolean; inert: boolean } {
  const gone = useShown(({ hide, lesson }) => hide.has(part) || lesson?.hide.includes(part) === true);
  const inert = useShown(({ lesson }) => lesson !== null && !lesson.free.includes(part));
  return { 'data-part': part, hidden: gone, inert };
}
