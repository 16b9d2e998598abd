/** Records in IndexedDB: small structured facts that are listed and queried; their blobs lie in OPFS. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { CheckpointRecord, RunRecord } from '../../src/core/run/types';
import type { ModelRecord } from '../api';
import type { StoredCorpus } from './corpora';
import { isQuotaError, quotaError } from './quota';

interface Schema extends DBSchema {
  corpora: { key: string; value: StoredCorpus };
  models: { key: string; value: ModelRecord };
  runs: { key: string; value: RunRecord };
  checkpoints: { key: [runId: string, step: number]; value: CheckpointRecord; indexes: { runId: string } };
}

const DATABASE = 'crossfade';
const VERSION = 1;

let database: Promise<IDBPDatabase<Schema>> | null = null;

export function records(): Promise<IDBPDatabase<Schema>> {
  database ??= openDB<Schema>(DATABASE, VERSION, {
    upgrade(db) {
      db.createObjectStore('corpora', { keyPath: 'id' });
      db.createObjectStore('models', { keyPath: 'id' });
      db.createObjectStore('runs', { keyPath: 'id' });
      db.createObjectStore('checkpoints', { keyPath: ['runId', 'step'] }).createIndex('runId', 'runId');
    },
    terminated() {
      database = null;
    },
  });
  return database;
}

/** Stores a record, with a full disk reported as `quota`. */
export async function putRecord<Name extends 'corpora' | 'models' | 'runs' | 'checkpoints'>(
  store: Name,
  value: Schema[Name]['value'],
): Promise<void> {
  try {
    await (await records()).put(store, value);
  } catch (error) {
    throw isQuotaError(error) ? await quotaError(JSON.stringify(value).length) : error;
  }
}
