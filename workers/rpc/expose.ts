/**
 * The worker's side of the border: `expose(api)` and nothing else stands in a `*.worker.ts` entry. Whatever the api
 * throws reaches the page as a StudioError with its code and values (src/lab/worker-client.ts is the other side).
 */
import { expose as comlinkExpose, transferHandlers } from 'comlink';
import { crossErrors } from '../../src/core/errors';

export function expose(api: object): void {
  crossErrors(transferHandlers);
  comlinkExpose(api);
}
