/** The chosen channels measured under all picked weights, document by document. */
import { lab } from '../../lab/lab';
import { chosenChannels, prepareTexts, useMeasures } from '../measures-store';
import { useCompare } from '../store';

/** Does nothing without a channel. */
export async function measureChannels(): Promise<void> {
  const { documentsPerChannel: documents } = useCompare.getState();
  const channels = chosenChannels();
  if (channels.length === 0) return;
  await useMeasures.getState().measure('channels', async (weights, onProgress) => {
    await prepareTexts(channels, onProgress);
    return { measure: await lab.trainer.measureChannels(weights, channels, documents, onProgress), channels, documents };
  });
}
