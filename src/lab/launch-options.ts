/** What the address asks of the engine: `?backend=webgpu|wasm|cpu`, `?threads=N`, `?require-hardware`. */
import type { BackendName } from '../contract/device';
import type { TrainerApi } from '../contract/training';

const BACKENDS: readonly BackendName[] = ['webgpu', 'wasm', 'cpu'];

/** Values that are not understood are ignored: the engine then chooses. */
export function launchOptions(search: string): Parameters<TrainerApi['open']>[0] {
  const query = new URLSearchParams(search);
  const threads = Number(query.get('threads'));
  return {
    backend: BACKENDS.find((name) => name === query.get('backend')) ?? null,
    threads: Number.isInteger(threads) && threads > 0 ? threads : null,
    requireHardware: query.has('require-hardware') && query.get('require-hardware') !== 'false',
  };
}
