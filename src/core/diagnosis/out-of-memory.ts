/** Did a run end because memory ran out? Browsers and backends say so in words of their own. */
import type { ErrorRecord } from '../errors';

// V8's allocation failures, wasm's grow and its allocator's abort, WebGPU's out-of-memory error and the reasons of a lost device.
const WORDS =
  /out[ -]of[ -]memory|allocation fail|array buffer allocation|invalid (typed )?array (buffer )?length|cannot enlarge memory|memory\.grow|\boom\b|E_OUTOFMEMORY/i;

export function ranOutOfMemory({ code, message, values }: Pick<ErrorRecord, 'code' | 'message' | 'values'>): boolean {
  return (code === 'internal' || code === 'device-lost' || code === 'worker-crashed') && WORDS.test(`${message} ${values['detail'] ?? ''}`);
}
