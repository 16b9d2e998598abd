/** The page that tokenizer.mjs drives. */
import { wrap } from 'comlink';

const worker = new Worker(new URL('./tokenizer-bench.worker.ts', import.meta.url), { type: 'module' });
Object.assign(window, { tokenizerBench: wrap(worker) });
