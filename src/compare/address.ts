/**
 * The page's address: `#/compare?a=model:nano&b=run:3f2a@1200&c=run:3f2a@600&view=probes`. A model is `model:<id>`, a checkpoint
 * `run:<id>@<step>`, the average of its weights `run:<id>@<step>.average`; `c`, a third set of weights, may be absent. Options are not in it, so that a link stays valid when they change.
 */
import type { WeightsRef } from '../contract/evaluation';

export function weightsKey(weights: WeightsRef): string {
  return weights.kind === 'model' ? `model:${weights.model}` : `run:${weights.run}@${weights.step}${weights.average ? '.average' : ''}`;
}

/** The inverse of weightsKey; null when the text is neither form. */
export function parseWeightsKey(text: string): WeightsRef | null {
  const model = /^model:([^@]+)$/.exec(text)?.[1];
  if (model !== undefined) return { kind: 'model', model };
  const [, run, step, average] = /^run:(.+)@(\d{1,15})(\.average)?$/.exec(text) ?? [];
  if (run === undefined || step === undefined) return null;
  return { kind: 'checkpoint', run, step: Number(step), ...(average === undefined ? {} : { average: true }) };
}

/** The places of the address: A is the base, B what is compared with it, C an optional third. Every measure's arrays have this order. */
export const PLACES = ['a', 'b', 'c'] as const;
export type Place = (typeof PLACES)[number];
export type CompareAddress = Record<Place, string | null>;

/** The letter of a model by its index in a measure's arrays. */
export const letterOf = (model: number): 'A' | 'B' | 'C' => (model === 0 ? 'A' : model === 1 ? 'B' : 'C');

/** Parts of the page below the summary; the address names the one that is open. */
export const VIEWS = ['channels', 'terms', 'probes', 'text', 'internals', 'explain', 'embeddings', 'stability', 'pareto', 'merge'] as const;
export type View = (typeof VIEWS)[number];
/** Names of views in links of earlier versions. */
const FORMER_VIEWS: Readonly<Record<string, View>> = { inside: 'internals', trade: 'pareto' };

/** The query behind the hash's `?`. */
function queryOf(hash: string): URLSearchParams {
  const at = hash.indexOf('?');
  return new URLSearchParams(at < 0 ? '' : hash.slice(at + 1));
}

/** The view that a hash names; the first where it names none that exists. */
export function readView(hash: string): View {
  const named = queryOf(hash).get('view') ?? '';
  return VIEWS.find((view) => view === named) ?? FORMER_VIEWS[named] ?? VIEWS[0];
}

/** The weights that a hash names. Keys of another form are dropped, so that a mangled link falls back to the default. */
export function readCompareAddress(hash: string): CompareAddress {
  const query = queryOf(hash);
  const key = (place: Place): string | null => {
    const named = query.get(place);
    return named !== null && parseWeightsKey(named) !== null ? named : null;
  };
  return { a: key('a'), b: key('b'), c: key('c') };
}

/** `#/compare?a=…&b=…`, with `:` and `@` left readable: both are allowed in a fragment. The first view is left out. */
export function compareHash(address: Partial<CompareAddress>, view: View = VIEWS[0]): string {
  const readable = (text: string) => encodeURIComponent(text).replaceAll('%3A', ':').replaceAll('%40', '@');
  const parts = PLACES.flatMap((place) => (address[place] == null ? [] : [`${place}=${readable(address[place])}`]));
  if (view !== VIEWS[0]) parts.push(`view=${view}`);
  return `#/compare${parts.length > 0 ? `?${parts.join('&')}` : ''}`;
}
