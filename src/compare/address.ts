/**
 * The page's address: `#/compare?a=model:nano&b=run:3f2a@1200`. A model is `model:<id>`, a checkpoint `run:<id>@<step>`.
 * It holds the two sets of weights and nothing else, so that a link stays valid when options change.
 */
import type { WeightsRef } from '../../workers/api';

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
}

/** Reads the query behind the hash's `?`. Keys that are no weights are dropped, so a mangled link falls back to the default. */
export function readCompareAddress(hash: string): CompareAddress {
  const at = hash.indexOf('?');
  const query = new URLSearchParams(at < 0 ? '' : hash.slice(at + 1));
  const side = (name: string): string | null => {
    const key = query.get(name);
    return key !== null && parseWeightsKey(key) !== null ? key : null;
  };
  return { a: side('a'), b: side('b') };
}

/** `#/compare?a=…&b=…`, with `:` and `@` left readable: both are allowed in a fragment. */
export function compareHash(address: CompareAddress): string {
  const readable = (text: string) => encodeURIComponent(text).replaceAll('%3A', ':').replaceAll('%40', '@');
  const parts: string[] = [];
  if (address.a !== null) parts.push(`a=${readable(address.a)}`);
  if (address.b !== null) parts.push(`b=${readable(address.b)}`);
  return `#/compare${parts.length > 0 ? `?${parts.join('&')}` : ''}`;
}
