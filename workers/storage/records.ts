/** Records in IndexedDB: small structured facts that are listed and queried; their blobs lie in OPFS. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { CheckpointRecord, RunRecord } from '../../src/core/run/types';
import type { ModelRecord } from '../../src/contract/library';
import type { TokenizerRecord } from '../../src/contract/tokenizer';
import type { WorkshopChannel } from '../../src/contract/corpus';
import type { StoredCorpus } from './corpora';
import type { StoredProbeSet } from './probe-sets';
import { isQuotaError, quotaError } from './quota';
import type { StoredIngest, StoredPreparation, StoredSource } from './workshop';

interface Schema extends DBSchema {
  corpora: { key: string; value: StoredCorpus };
  models: { key: string; value: ModelRecord };
  tokenizers: { key: string; value: TokenizerRecord };
  runs: { key: string; value: RunRecord };
  checkpoints: { key: [runId: string, step: number]; value: CheckpointRecord; indexes: { runId: string } };
  channels: { key: string; value: WorkshopChannel };
  sources: { key: string; value: StoredSource };
  intakes: { key: string; value: StoredIngest };
  preparations: { key: string; value: StoredPreparation };
  probes: { key: string; value: StoredProbeSet };
}

const DATABASE = 'crossfade';
/** One more with every store that is added. */
const VERSION = 7;

/** Stores whose records have an id and no index. */
const PLAIN_STORES = ['corpora', 'models', 'tokenizers', 'runs', 'channels', 'sources', 'intakes', 'preparations', 'probes'] as const;

let database: Promise<IDBPDatabase<Schema>> | null = null;

export function records(): Promise<IDBPDatabase<Schema>> {
  database ??= openDB<Schema>(DATABASE, VERSION, {
    upgrade(db) {
      // What a former version made stays as it is.
      for (const name of PLAIN_STORES) if (!db.objectStoreNames.contains(name)) db.createObjectStore(name, { keyPath: 'id' });
      if (!db.objectStoreNames.contains('checkpoints'))
        db.createObjectStore('checkpoints', { keyPath: ['runId', 'step'] }).createIndex('runId', 'runId');
    },
    // Another tab with a newer studio waits for this one to let go.
    blocking(_current, _wanted, event) {
      (event.target as IDBDatabase).close();
      database = null;
    },
    terminated() {
      database = null;
    },
  });
  return database;
}

/** Stores a record, with a full disk reported as `quota`. */
export async function putRecord<Name extends (typeof PLAIN_STORES)[number] | 'checkpoints'>(
  store: Name,
  value: Schema[Name]['value'],
): Promise<void> {
  try {
    await (await records()).put(store, value);
  } catch (error) {
    throw isQuotaError(error) ? await quotaError(JSON.stringify(value).length) : error;
  }
}
