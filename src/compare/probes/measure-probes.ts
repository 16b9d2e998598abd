/** The chosen probe sets, asked of all picked weights. */
import { lab } from '../../lab/lab';
import { useMeasures } from '../measures-store';
import { chosenProbes } from './store';

/** Does nothing where the chosen sets hold no item. */
export async function measureProbeSets(): Promise<void> {
  await useMeasures.getState().measure('probes', async (weights, onProgress) => {
    const { sets, probes } = await chosenProbes();
    return { sets, probes, ...(await lab.trainer.measureProbes(weights, probes, onProgress)) };
  });
}
