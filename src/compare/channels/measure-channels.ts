/** The chosen channels measured under all picked weights, document by document. */
import { lab } from '../../lab/lab';
import { prepareTexts, useMeasures } from '../measures-store';
import { useCompare } from '../store';

/** Does nothing without a channel. */
export async function measureChannels(): Promise<void> {
  const { choices, chosen, documentsPerChannel: documents } = useCompare.getState();
  const channels = choices.filter(({ id }) => chosen.includes(id));
  if (channels.length === 0) return;
  await useMeasures.getState().measure('channels', async (weights, onProgress) => {
    await prepareTexts(channels, onProgress);
    return { measure: await lab.trainer.measureChannels(weights, channels, documents, onProgress), channels, documents };
  });
}
