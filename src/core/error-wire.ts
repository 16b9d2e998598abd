/**
 * How a thrown error crosses a comlink border: as an ErrorRecord, thrown again on the other side as a StudioError with its
 * code and values. Comlink's own handler keeps only name and message. Both sides call `crossErrors` on their
 * `transferHandlers`; the map is passed in, so that core depends on nobody.
 */
import { errorFromRecord, errorRecord, type ErrorRecord } from './errors';

interface ThrowHandler {
  canHandle(value: unknown): boolean;
  serialize(value: unknown): [unknown, never[]];
  deserialize(value: unknown): unknown;
}

/** Replaces the `throw` handler. Idempotent. */
export function crossErrors(handlers: Map<string, unknown>): void {
  const own = handlers.get('throw') as ThrowHandler;
  const replacement: ThrowHandler = {
    canHandle: (value) => own.canHandle(value),
    serialize: (thrown) => [errorRecord((thrown as { value: unknown }).value), []],
    deserialize: (record) => {
      throw errorFromRecord(record as ErrorRecord);
    },
  };
  handlers.set('throw', replacement);
}
