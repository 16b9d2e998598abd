/**
 * The one error type that crosses worker borders: a literal code and the values a person needs, translated by the page
 * (`errors.<code>` in the locales). `message` is the English fallback for logs and the command line.
 */
export type ErrorCode =
  | 'safetensors-invalid' // file, detail; reason and its values (tensor, found, expected, …)
  | 'gguf-invalid' // file, detail; reason and its values (field, tensor, found, expected, …)
  | 'gguf-unwritable' // field, value, accepted
  | 'config-unsupported' // file, field, value, accepted
  | 'family-unsupported' // file, field, value, nearest, accepted
  | 'tokenizer-invalid' // file, detail
  | 'tokenizer-options' // field, value, accepted
  | 'tokenizer-mismatch' // tokenizerSize, modelSize
  | 'tensor-missing' // file, tensor
  | 'tensor-shape' // file, tensor, found, expected
  | 'tensor-not-finite' // file, tensor
  | 'tensor-beyond-f16' // file, tensor, value, most
  | 'model-adapter' // file, tensor
  | 'adapter-base' // file, base, found
  | 'model-unmergeable' // method
  | 'encoder-writes' // family
  | 'model-quantized' // file, tensor, found
  | 'weights-sharded' // file, command
  | 'model-format' // file, lines (Python that converts it)
  | 'tensor-too-large' // tensor, bytes, limit
  | 'file-missing' // file, wanted
  | 'files-several' // found, most
  | 'file-unsupported' // file, accepted
  | 'file-too-large' // file, bytes, limit
  | 'file-unreadable' // file, detail
  | 'file-pointer' // file, bytes
  | 'file-web-page' // file
  | 'file-metadata' // file
  | 'json-invalid' // file, detail
  | 'zip-too-large' // bytes, limit
  | 'folder-refused' // folder, detail
  | 'hub-source' // field, value, accepted
  | 'hub-unreachable' // host
  | 'hub-forbidden' // host, repository, status
  | 'hub-missing' // host, repository, revision
  | 'hub-answer' // host, detail
  | 'hub-incomplete' // host, file, bytes, total
  | 'hub-web-page' // host, file
  | 'dataset-empty' // host, repository, found
  | 'dataset-budget' // file, bytes, limit
  | 'text-empty' // file
  | 'file-binary' // file, accepted
  | 'field-missing' // file, field, found
  | 'channel-field' // field, found, limit
  | 'folder-empty' // file, found
  | 'parquet-invalid' // file, detail
  | 'arrow-invalid' // file, detail
  | 'document-encrypted' // file
  | 'document-invalid' // file, detail; reason and its values (entry, found, most, …)
  | 'document-scanned' // file, found (pages)
  | 'json-shape' // file, begins
  | 'text-single' // file, read
  | 'corpus-kinds' // channel, found
  | 'labels-single' // channel, found, labels
  | 'probe-texts' // found (channels)
  | 'template-invalid' // detail
  | 'archive-invalid' // file, detail; reason and its values (entry, found, expected, …)
  | 'ingest-files' // file
  | 'workshop-missing' // wanted
  | 'channel-empty' // channel, tokens, needed
  | 'recipe-invalid' // field, value, accepted
  | 'measured-table' // row, column, value, accepted
  | 'measured-header' // value, count, example
  | 'tracker-unknown' // file
  | 'tracker-damaged' // file, byte
  | 'log-unreachable' // host, origin
  | 'sweep-invalid' // field, value, accepted
  | 'lesson-invalid' // file, field, value, accepted
  | 'run-file-invalid' // file, field, value, accepted
  | 'address-invalid' // field, value, accepted
  | 'sweep-missing' // sweep
  | 'sweep-run-begun' // sweep, run (its number, from 1)
  | 'sweep-running' // sweep
  | 'precision-unsupported' // precision, backend, accepted
  | 'quota' // needed; available, where the browser tells it
  | 'storage-blocked' // detail
  | 'storage-lost' // run
  | 'run-locked' // run
  | 'model-in-use' // model, run
  | 'run-missing' // run
  | 'checkpoint-missing' // run, step
  | 'checkpoint-corrupt' // run, step, detail
  | 'loss-not-finite' // step, loss, channel
  | 'gradient-not-finite' // step, norm, loss, channel
  | 'device-lost' // backend, detail
  | 'backend-unavailable' // backend, detail
  | 'worker-crashed' // worker, detail
  | 'fetch-failed' // url, status
  | 'cancelled'
  | 'internal'; // detail

export type ErrorValues = Readonly<Record<string, string | number>>;

export class StudioError extends Error {
  override readonly name = 'StudioError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly values: ErrorValues = {},
  ) {
    super(message);
  }
}

/** The plain form of an error, safe to post between threads and to store. */
export interface ErrorRecord {
  code: ErrorCode;
  message: string;
  values: ErrorValues;
}

export function errorRecord(error: unknown): ErrorRecord {
  if (error instanceof StudioError) return { code: error.code, message: error.message, values: error.values };
  // By name: DOMException is no part of the language, and this module knows no DOM.
  if (error instanceof Error && error.name === 'QuotaExceededError') return { code: 'quota', message: error.message, values: {} };
  if (error instanceof Error && error.name === 'AbortError') return { code: 'cancelled', message: 'Cancelled', values: {} };
  const detail = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message: detail, values: { detail } };
}

export function errorFromRecord(record: ErrorRecord): StudioError {
  return new StudioError(record.code, record.message, record.values);
}

/**
 * How a thrown error crosses a comlink border: as an ErrorRecord, thrown again on the other side as a StudioError with its
 * code and values. Comlink's own handler keeps only name and message. Both sides call `crossErrors` on their
 * `transferHandlers`; the map is passed in, so that core depends on nobody.
 */
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

/** What `accepted` says of an address that holds no recipe at all. */
export const UNREADABLE_LINK = 'share link';
