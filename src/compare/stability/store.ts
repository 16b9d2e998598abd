/** Robustness to noise and memorisation of training text: their settings, the calls that measure them, and verdicts on the curves. */
import { create } from 'zustand';
import type { ChannelMemorisation, NoiseKind, RobustnessCurve } from '../../contract/evaluation';
import type { Progress } from '../../contract/progress';
import { lab } from '../../lab/lab';
import type { ComparedChannel } from '../figures';
import { chosenChannels, pickedWeights, prepareTexts, useMeasures } from '../measures';
import type { WeightsSource } from '../sources';

/** Colours and dashes of A, B and C. */
export const STROKES: readonly { colour: string; dash?: string }[] = [
  { colour: 'var(--dim)', dash: '6 3' },
  { colour: 'var(--accent)' },
  { colour: 'var(--ink)', dash: '2 3' },
];

/** Bits per byte; a smaller difference of two rises counts as none. */
export const SAME_RISE = 0.05;

/** Bits per byte at the strongest noise less those of clean text. */
export const riseOf = ({ bitsPerByte }: RobustnessCurve, model: number): number => bitsPerByte[model]!.at(-1)! - bitsPerByte[model]![0]!;

/** Kinds of noise that cost a model more than the base, and less. */
export function against(curves: readonly RobustnessCurve[], model: number): { more: NoiseKind[]; less: NoiseKind[] } {
  const difference = (curve: RobustnessCurve) => riseOf(curve, model) - riseOf(curve, 0);
  return {
    more: curves.filter((curve) => difference(curve) > SAME_RISE).map(({ kind }) => kind),
    less: curves.filter((curve) => difference(curve) < -SAME_RISE).map(({ kind }) => kind),
  };
}

interface StabilityState {
  /** Rows per channel, seen and as many unseen. */
  rows: number;
  /** Documents per channel that noise is added to: each is read 13 times by each model. */
  documents: number;
  /** What the shown robustness was measured on. */
  read: { channels: ComparedChannel[]; documents: number } | null;
  setRows(rows: number): void;
  setDocuments(documents: number): void;
}

export const useStability = create<StabilityState>()((set) => ({
  rows: 16,
  documents: 8,
  read: null,
  setRows: (rows) => set({ rows }),
  setDocuments: (documents) => set({ documents }),
}));

/** Measures all picked weights on text with rising noise. Does nothing without a channel. */
export async function measureRobustness(): Promise<void> {
  const { documents } = useStability.getState();
  const channels = chosenChannels();
  if (channels.length === 0) return;
  await useMeasures.getState().measure('robustness', async (weights, onProgress) => {
    await prepareTexts(channels, onProgress);
    const curves = await lab.trainer.measureRobustness(weights, channels, documents, onProgress);
    useStability.setState({ read: { channels, documents } });
    return curves;
  });
}

export interface PickedCheckpoint {
  /** 1 for B, 2 for C: the place among the picked weights. */
  model: number;
  source: WeightsSource & { run: NonNullable<WeightsSource['run']>; step: number };
}

/** B and C, as far as they are checkpoints: of a model that came from elsewhere nobody here knows what it has read. */
export function pickedCheckpoints(sources: readonly WeightsSource[]): PickedCheckpoint[] {
  return sources.flatMap((source, model) =>
    model > 0 && source.run && source.step !== null ? [{ model, source: { ...source, run: source.run, step: source.step } }] : [],
  );
}

/** Each checkpoint against the base of its own run: another set of weights in A's place may have read the same text. */
export async function measureMemorisation(): Promise<void> {
  await useMeasures.getState().measure('memorisation', async (_, onProgress) => {
    const { rows } = useStability.getState();
    const found: Record<string, ChannelMemorisation[]> = {};
    const checkpoints = pickedCheckpoints(pickedWeights());
    for (const [at, { model, source }] of checkpoints.entries()) {
      const { run, step, average } = source;
      const tell = (progress: Progress) =>
        onProgress(progress.phase === 'evaluate' ? shared(progress, model, at, checkpoints.length) : progress);
      const channels = run.recipe.channels.map(({ id, corpus, role }) => ({ id, corpus, role }));
      await prepareTexts(channels, onProgress);
      found[source.key] = await lab.trainer.measureMemorisation(
        { kind: 'model', model: source.base },
        { run: run.id, step, average },
        rows,
        tell,
      );
    }
    return found;
  });
}

/** The engine counts base and checkpoint of each call as 0 and 1; the person sees all calls as one. */
function shared({ item, done, total, ...progress }: Progress, model: number, at: number, of: number): Progress {
  return { ...progress, item: item === '0' ? '0' : String(model), done: at * total + done, total: of * total };
}
