/** What classifiers say of the held-out texts of a labelled corpus: probabilities of the labels, row by row, with the texts' beginnings. */
import type { LabelRequest, MeasuredLabels } from '../../src/contract/evaluation';
import { labelProbabilities } from '../engine';
import { heldOutTexts, spreadDocuments } from '../runtime/channel-tokens';
import { fillLabelled, labelledTexts, labelsOf, type LabelledTokens } from '../runtime/record-examples';
import { emptyBatch } from '../runtime/trainable-model';
import { eachModel, withProgress, type EvaluationTools } from './each-model';

/** Texts of a batch, and UTF-16 units of a text that are shown. */
const ROWS = 8;
const SHOWN = 600;

/** A model without a head of so many labels has no answers. */
export async function evaluateLabels(
  { channel, labels, pooling, context }: LabelRequest,
  count: number,
  tools: EvaluationTools,
): Promise<MeasuredLabels> {
  const all = await labelsOf(channel.corpus, 'heldOut', labels);
  const known = all.flatMap((label, document) => (label < 0 ? [] : [document]));
  const chosen = spreadDocuments(known.length, count).map((at) => known[at]!);
  const texts = (await heldOutTexts(channel.corpus, chosen)).map((text) => text.slice(0, SHOWN));
  const measured: MeasuredLabels = {
    labels: [...labels],
    truth: chosen.map((document) => all[document]!),
    texts,
    models: [],
    unknown: all.length - known.length,
  };
  await eachModel(tools, async (weights, _, progress) => {
    const { model } = weights;
    if (model.parameters.get('score.weight')?.shape[0] !== labels.length) {
      measured.models.push(null);
      return;
    }
    const [{ heldOut }] = (await tools.read(weights, [channel])) as [Awaited<ReturnType<EvaluationTools['read']>>[number]];
    const longest = Math.min(context, model.context);
    const wanted = new Set(chosen);
    const only = all.map((label, document) => (wanted.has(document) ? label : -1));
    const rows: LabelledTokens[] = labelledTexts(heldOut.ids, heldOut.starts, only, longest);
    const found: number[][] = [];
    const { exclusively, between } = withProgress(tools.work, progress);
    for (let first = 0; first < rows.length; first += ROWS) {
      await between(first, rows.length);
      const part = rows.slice(first, first + ROWS);
      const batch = emptyBatch(part.length, Math.max(...part.map(({ start, end }) => end - start)));
      part.forEach((row, at) => fillLabelled(batch, at, heldOut.ids, row));
      const values = await exclusively(async () => {
        const probabilities = labelProbabilities(model, batch, pooling);
        const read = await probabilities.data();
        probabilities.dispose();
        return read;
      });
      part.forEach((_row, at) => found.push(Array.from(values.slice(at * labels.length, (at + 1) * labels.length))));
    }
    measured.models.push(found);
  });
  return measured;
}
