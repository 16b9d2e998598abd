/**
 * The page's address: `#/compare?a=model:nano&b=run:3f2a@1200&c=run:3f2a@600&view=probes`. A model is `model:<id>`, a checkpoint
 * `run:<id>@<step>`; `c`, a third set of weights, may be absent. Options are not in it, so that a link stays valid when they change.
 */
import type { WeightsRef } from '../contract/evaluation';

export function weightsKey(weights: WeightsRef): string {
  return weights.kind === 'model' ? `model:${weights.model}` : `run:${weights.run}@${weights.step}`;
}

/** The inverse of weightsKey; null when the text is neither form. */
export function parseWeightsKey(text: string): WeightsRef | null {
  const model = /^model:([^@]+)$/.exec(text)?.[1];
  if (model !== undefined) return { kind: 'model', model };
  const [, run, step] = /^run:(.+)@(\d{1,15})$/.exec(text) ?? [];
  return run !== undefined && step !== undefined ? { kind: 'checkpoint', run, step: Number(step) } : null;
}

export interface CompareAddress {
  a: string | null;
  b: string | null;
  /** A third set of weights, laid over the two. */
  c: string | null;
}

/** Parts of the page below the summary; the address names the one that is open. */
export const VIEWS = ['channels', 'terms', 'probes', 'text', 'inside', 'stability', 'trade'] as const;
export type View = (typeof VIEWS)[number];

export function readView(hash: string): View {
  const named = new URLSearchParams(hash.slice(Math.max(0, hash.indexOf('?') + 1))).get('view');
  return VIEWS.find((view) => view === named) ?? 'channels';
}

/** Reads the query behind the hash's `?`. Keys that are no weights are dropped, so a mangled link falls back to the default. */
export function readCompareAddress(hash: string): CompareAddress {
  const at = hash.indexOf('?');
  const query = new URLSearchParams(at < 0 ? '' : hash.slice(at + 1));
  const side = (name: string): string | null => {
    const key = query.get(name);
    return key !== null && parseWeightsKey(key) !== null ? key : null;
  };
  return { a: side('a'), b: side('b'), c: side('c') };
}

/** `#/compare?a=…&b=…`, with `:` and `@` left readable: both are allowed in a fragment. The first view goes without saying. */
export function compareHash(address: Partial<CompareAddress>, view: View = VIEWS[0]): string {
  const readable = (text: string) => encodeURIComponent(text).replaceAll('%3A', ':').replaceAll('%40', '@');
  const parts: string[] = [];
  for (const place of ['a', 'b', 'c'] as const) {
    const key = address[place];
    if (key != null) parts.push(`${place}=${readable(key)}`);
  }
  if (view !== VIEWS[0]) parts.push(`view=${view}`);
  return `#/compare${parts.length > 0 ? `?${parts.join('&')}` : ''}`;
}
