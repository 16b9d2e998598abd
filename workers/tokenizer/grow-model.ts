/** A model with a larger or another vocabulary, made from one that is here; and what that would add, before it is made. */
import type { GrowthPlan, GrowthSource, TrainProgress } from '../../src/contract/tokenizer';
import type { ModelRecord } from '../../src/contract/library';
import type { OnProgress } from '../../src/contract/progress';
import { makeWithVocabulary, type NewVocabulary } from './new-vocabulary';
import { findModel, readModelText } from '../storage/models';
import { adoptedRows } from './adopt';
import { growBy } from './growth';
import { openTokenizer, readTokenizerTexts } from './open';

/** @throws StudioError `tokenizer-options`, `file-missing`, `cancelled` */
export async function planGrowth(
  model: string,
  source: GrowthSource,
  onProgress: (progress: TrainProgress) => void,
  signal: AbortSignal,
): Promise<GrowthPlan> {
  return (await growth(model, source, onProgress, signal)).plan;
}

/** @throws as above, and `quota`; then nothing has been stored */
export async function growModel(
  model: string,
  source: GrowthSource,
  name: string,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<ModelRecord> {
  const { vocabulary } = await growth(model, source, (progress) => onProgress({ ...progress, item: name }), signal);
  return makeWithVocabulary(model, vocabulary, name, onProgress, signal);
}

async function growth(
  model: string,
  source: GrowthSource,
  onProgress: (progress: TrainProgress) => void,
  signal: AbortSignal,
): Promise<{ plan: GrowthPlan; vocabulary: NewVocabulary }> {
  const own = await readTokenizerTexts({ kind: 'model', model });
  if (source.kind === 'adopt') {
    const [old, adopted, texts] = await Promise.all([
      openTokenizer({ kind: 'model', model }),
      openTokenizer(source.tokenizer),
      readTokenizerTexts(source.tokenizer),
    ]);
    const rows = adoptedRows(old, adopted);
    return {
      plan: { known: [], added: [], before: old.tokenizer.size, after: adopted.tokenizer.size },
      vocabulary: {
        ...texts,
        rows,
        endOfText: adopted.tokenizer.endOfText,
        note: `Its whole vocabulary was replaced: each of the ${rows.length} rows started as the mean of the rows of the tokens that its text had before.`,
      },
    };
  }
  const open = await openTokenizer({ kind: 'model', model });
  const { grown, known, added } = await growBy(own.tokenizer, open, source, onProgress, signal);
  const { tokenizer, before, after } = grown;
  const { vocab_size: table } = JSON.parse((await readModelText(await findModel(model), 'config.json')) ?? '{}') as { vocab_size?: number };
  // A table may have more rows than its tokenizer has ids: those beyond the new ids stay.
  const rows: number[][] = Array.from({ length: Math.max(table ?? 0, after) }, (_, id) => [id]);
  for (const { id, from } of grown.rows) rows[id] = from;
  return {
    plan: { known, added, before, after },
    vocabulary: {
      tokenizer,
      config: own.config,
      rows,
      endOfText: null,
      note: `Its vocabulary grew from ${before} to ${after} ids: each new row started as the mean of the rows of the pieces that its text had before.`,
    },
  };
}
