/** Loss inside the listed terms, in held-out text of the chosen channels, under all picked weights. */
import { lab } from '../../lab/lab';
import { chosenChannels, prepareTexts, useMeasures } from '../measures-store';
import { useCompare } from '../store';
import { useTermList } from './store';
import { termsOf } from './term-rows';

/** Does nothing without a term or a channel. */
export async function measureTerms(): Promise<void> {
  const { documentsPerChannel: documents } = useCompare.getState();
  const channels = chosenChannels();
  const terms = termsOf(useTermList.getState().text);
  if (channels.length === 0 || terms.length === 0) return;
  await useMeasures.getState().measure('terms', async (weights, onProgress) => {
    await prepareTexts(channels, onProgress);
    return { measure: await lab.trainer.measureTerms(weights, channels, terms, documents, onProgress), channels, terms, documents };
  });
}
