/** The only way from the pages to the workers: one typed client for each, started with its first call. */
import type { CorpusApi } from '../contract/corpus';
import type { HubApi } from '../contract/hub';
import type { LawsApi } from '../contract/sweep';
import type { LibraryApi } from '../contract/library';
import type { TokenizerApi } from '../contract/tokenizer';
import type { TrainerApi } from '../contract/training';
import type { StudioError } from '../core/errors';
import { createWorkerClient } from './worker-client';
import { version } from '../../package.json';
import type { RunView } from '../core/run/view';

const trainer = createWorkerClient<TrainerApi>(
  'trainer',
  () => new Worker(new URL('../../workers/trainer.worker.ts', import.meta.url), { type: 'module', name: 'trainer' }),
);
const tokenizer = createWorkerClient<TokenizerApi>(
  'tokenizer',
  () => new Worker(new URL('../../workers/tokenizer.worker.ts', import.meta.url), { type: 'module', name: 'tokenizer' }),
);
const corpus = createWorkerClient<CorpusApi>(
  'corpus',
  () => new Worker(new URL('../../workers/corpus.worker.ts', import.meta.url), { type: 'module', name: 'corpus' }),
);
const library = createWorkerClient<LibraryApi>(
  'library',
  () => new Worker(new URL('../../workers/library.worker.ts', import.meta.url), { type: 'module', name: 'library' }),
);
const hub = createWorkerClient<HubApi>(
  'hub',
  () => new Worker(new URL('../../workers/hub.worker.ts', import.meta.url), { type: 'module', name: 'hub' }),
);

const laws = createWorkerClient<LawsApi>(
  'laws',
  () => new Worker(new URL('../../workers/laws.worker.ts', import.meta.url), { type: 'module', name: 'laws' }),
);

/** Ends fits under way, whose calls reject with `cancelled`. */
export const stopFits = (): void => laws.terminate();

export interface Lab {
  trainer: TrainerApi;
  tokenizer: TokenizerApi;
  corpus: CorpusApi;
  library: LibraryApi;
  hub: HubApi;
  laws: LawsApi;
}

export const lab: Lab = {
  trainer: trainer.api,
  tokenizer: tokenizer.api,
  corpus: corpus.api,
  library: library.api,
  hub: hub.api,
  laws: laws.api,
};

/** Told when a worker dies, whoever was calling it. Returns the unsubscriber. */
export function onWorkerCrash(listener: (error: StudioError) => void): () => void {
  const unsubscribers = [trainer, tokenizer, corpus, library, hub, laws].map((client) => client.onCrash(listener));
  return () => unsubscribers.forEach((unsubscribe) => unsubscribe());
}

/**
 * `window.crossfade`: the studio's handle for automation (end-to-end tests, `npm run experiment`). `lab` has the same
 * clients that the pages use: whatever a person can start here, a script can, through the same code.
 *
 *     await page.evaluate(() => window.crossfade.lab.trainer.open({ backend: 'wasm', threads: null, requireHardware: false }));
 */
interface AutomationHandle {
  lab: Lab;
  /** A stored run, or one that trains, as the pages show it now: figures, curves, events and checkpoints. */
  view(run: string): Promise<RunView>;
  version: string;
}

declare global {
  interface Window {
    crossfade: AutomationHandle;
  }
}

export function installAutomationHandle(): void {
  window.crossfade = { lab, view: storedRun, version };
}

/** A stored run as pages show it. Whoever shows none need not load the module that reads it. */
export async function storedRun(run: string): Promise<RunView> {
  const [{ openView }, feed] = await Promise.all([import('../core/run/view'), lab.library.feed(run)]);
  return openView(feed, () => new Promise((resolve) => setTimeout(resolve)));
}
