/**
 * Everything measured of the picked weights, one measure after the other by one button, and kept with the run: what was measured of a pair
 * is there again at the next visit, and for its report.
 */
import { create } from 'zustand';
import type { ComparedChannel } from './figures';
import type { InternalsState } from './internals/store';
import { chosenChannels, pickedWeights, useMeasures, type MeasureKind, type Measures } from './measures';
import { lab } from '../lab/lab';
import type { WeightsSource } from './sources';
import { useCompare } from './store';

/** In the order in which they are made: what most people ask first, and what takes longest last. */
export const QUEUE = [
  'channels',
  'weights',
  'terms',
  'probes',
  'attention',
  'memorisation',
  'robustness',
] as const satisfies readonly MeasureKind[];
type Queued = (typeof QUEUE)[number];

interface QueueState {
  /** What is still to be made, the one under way first; null while no queue runs. */
  waiting: readonly Queued[] | null;
  /** Of this queue, made or failed. */
  done: readonly Queued[];
  cancelled: boolean;
}

export const useQueue = create<QueueState>(() => ({ waiting: null, done: [], cancelled: false }));

/** @param text of the attention's maps, where a person has typed none */
async function make(kind: Queued, text: string): Promise<void> {
  switch (kind) {
    case 'channels':
      return (await import('./measures')).measureChannels();
    case 'terms':
      return (await import('./terms/store')).measureTerms();
    case 'probes':
      return (await import('./probes/store')).measureProbeSets();
    case 'memorisation':
      return (await import('./stability/store')).measureMemorisation();
    case 'robustness':
      return (await import('./stability/store')).measureRobustness();
    case 'weights':
      return (await import('./internals/store')).useInternals.getState().measureWeights();
    case 'attention': {
      const { useInternals } = await import('./internals/store');
      return useInternals.getState().measureAttention(useInternals.getState().text ?? text);
    }
  }
}

/** What can be measured of the picked weights: text needs a channel, memorisation a checkpoint. */
function possible(): Queued[] {
  const text = chosenChannels().length > 0;
  const trained = pickedWeights().some(({ step }, model) => model > 0 && step !== null);
  return QUEUE.filter((kind) =>
    kind === 'memorisation' ? trained : kind === 'channels' || kind === 'terms' || kind === 'robustness' ? text : true,
  );
}

/** One after the other; one that fails says so at its place, and the others go on. Ends at a cancel, and when other weights are picked. */
export async function measureEverything(text: string): Promise<void> {
  if (useQueue.getState().waiting !== null || useCompare.getState().activity !== null) return;
  const { address } = useCompare.getState();
  let waiting = possible();
  useQueue.setState({ waiting, done: [], cancelled: false });
  try {
    for (const kind of waiting) {
      const before = useMeasures.getState().results[kind];
      await make(kind, text);
      const { results, errors } = useMeasures.getState();
      const ended = results[kind] === before && errors[kind] === undefined;
      // Cancelled by its own button, it ends the queue as the queue's does.
      if (useQueue.getState().cancelled || useCompare.getState().address !== address || (ended && kind !== 'terms')) return;
      waiting = waiting.filter((other) => other !== kind);
      useQueue.setState({ waiting, done: [...useQueue.getState().done, kind] });
    }
  } finally {
    useQueue.setState({ waiting: null });
  }
}

export function cancelEverything(): void {
  useQueue.setState({ cancelled: true });
  void useCompare.getState().cancel();
}

/** What is kept of a comparison: the results, and what their cards tell of how they were made. */
interface Kept {
  version: 1;
  results: Partial<Measures>;
  robustnessOf: { channels: ComparedChannel[]; documents: number } | null;
  internals: Pick<InternalsState, 'places' | 'labels' | 'tokens' | 'incompatible'>;
}

/** Numbers of attention maps that are kept at most: 8 MB. */
const MOST_KEPT = 2 ** 21;

/** The run that keeps what was measured of these weights: B's, else A's or the third's; null for models alone. */
const keeperOf = ([a, b, c]: readonly WeightsSource[]): string | null => (b?.run ?? a?.run ?? c?.run)?.id ?? null;

/** Weights that are no longer what they were have another name: a checkpoint that was written again, a model that was imported again. */
function keptName(picked: readonly WeightsSource[]): string {
  const { models } = useCompare.getState();
  return picked.map(({ key, at, base }) => `${key} ${at ?? models.find(({ id }) => id === base)?.createdAt ?? ''}`).join(' | ');
}

/** JSON has no typed arrays, and no numbers that are not finite. */
export function packed(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (inner instanceof Float32Array)
      return {
        $f32: [...new Uint8Array(inner.buffer, inner.byteOffset, inner.byteLength)]
          .map((byte) => byte.toString(16).padStart(2, '0'))
          .join(''),
      };
    return typeof inner === 'number' && !Number.isFinite(inner) ? { $number: String(inner) } : inner;
  });
}

export function unpacked(text: string): unknown {
  return JSON.parse(text, (_, inner: unknown) => {
    if (inner === null || typeof inner !== 'object') return inner;
    if ('$number' in inner) return Number(inner.$number);
    if (!('$f32' in inner)) return inner;
    const digits = String(inner.$f32);
    const bytes = Uint8Array.from({ length: digits.length / 2 }, (_, at) => Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16));
    return new Float32Array(bytes.buffer);
  });
}

/** Verdicts of the comparisons judged last, in the browser's own storage: no run keeps those on base models, and a run keeps its own a little later. */
const JUDGED = 'crossfade.judged';
const MOST_JUDGED = 8;

function judgedHere(): Record<string, Measures['human']> {
  try {
    return JSON.parse(localStorage.getItem(JUDGED) ?? '{}') as Record<string, Measures['human']>;
  } catch {
    return {};
  }
}

function keepJudged(name: string, human: Measures['human']): void {
  const others = Object.entries(judgedHere()).filter(([key]) => key !== name);
  try {
    localStorage.setItem(JUDGED, JSON.stringify(Object.fromEntries([...others.slice(1 - MOST_JUDGED), [name, human]])));
  } catch {
    // The quota is used up, or the page may not store anything: it holds for this visit.
  }
}

let restoring = false;

async function keep(): Promise<void> {
  const picked = pickedWeights();
  const keeper = keeperOf(picked);
  const { results } = useMeasures.getState();
  // At once, since all results together take a while to be written, and a verdict must outlive a reload that comes before.
  if (results.human) keepJudged(keptName(picked), results.human);
  if (keeper === null) return;
  if (Object.keys(results).length === 0) return;
  const [{ useStability }, { useInternals }] = await Promise.all([import('./stability/store'), import('./internals/store')]);
  const { attention, ...others } = results;
  const numbers = attention?.view.models.flat().reduce((sum, { weights }) => sum + weights.length, 0) ?? 0;
  const { places, labels, tokens, incompatible } = useInternals.getState();
  const kept: Kept = {
    version: 1,
    results: attention && numbers <= MOST_KEPT ? results : others,
    robustnessOf: useStability.getState().read,
    internals: { places, labels, tokens, incompatible },
  };
  // Only ever a saving of time: a full disk must not stand in the way.
  await lab.library.keepMeasures(keeper, keptName(picked), packed(kept)).catch(() => undefined);
}

async function restore(): Promise<void> {
  const { address } = useCompare.getState();
  const picked = pickedWeights();
  const keeper = keeperOf(picked);
  const human = judgedHere()[keptName(picked)];
  if (keeper === null) {
    if (human) useMeasures.setState({ results: { human } });
    return;
  }
  const text = await lab.library.keptMeasures(keeper, keptName(picked)).catch(() => null);
  const here = () => useCompare.getState().address === address && Object.keys(useMeasures.getState().results).length === 0;
  if (text === null || !here()) return;
  const kept = unpacked(text) as Kept;
  if (kept.version !== 1) return;
  const [{ useStability }, { useInternals }] = await Promise.all([import('./stability/store'), import('./internals/store')]);
  if (!here()) return;
  useStability.setState({ read: kept.robustnessOf });
  useInternals.setState(kept.internals);
  restoring = true;
  useMeasures.setState({ results: human && kept.results.human ? { ...kept.results, human } : kept.results });
  restoring = false;
}

useMeasures.subscribe((state, before) => {
  if (state.results !== before.results && !restoring) void keep();
});
// After the results of the former weights are dropped.
useCompare.subscribe((state, before) => {
  if (state.address !== before.address) void Promise.resolve().then(restore);
});
