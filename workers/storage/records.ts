/** The IndexedDB database: small records that are listed and queried. Large data (weights, rows, tokens) is in OPFS. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { CheckpointRecord, RunRecord } from '../../src/core/run/types';
import type { ModelRecord } from '../../src/contract/library';
import type { FollowPlace } from '../../src/contract/follow';
import type { TokenizerRecord } from '../../src/contract/tokenizer';
import type { SweepRecord } from '../../src/core/sweep/record';
import type { WorkshopChannel } from '../../src/contract/corpus';
import type { StoredCorpus } from './corpora';
import type { StoredProbeSet } from './probe-sets';
import { blockedError, isQuotaError, quotaError } from './quota';
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
  sweeps: { key: string; value: SweepRecord };
  /** Where the logs of followed runs are, by the run's id. */
  follows: { key: string; value: { id: string; place: FollowPlace } };
}

const DATABASE = 'crossfade';
/** Raised by one whenever a store is added. */
const VERSION = 9;

/** Stores keyed by `id`, without an index. */
const PLAIN_STORES = [
  'corpora',
  'models',
  'tokenizers',
  'runs',
  'channels',
  'sources',
  'intakes',
  'preparations',
  'probes',
  'sweeps',
  'follows',
] as const;

let database: Promise<IDBPDatabase<Schema>> | null = null;

/** @throws StudioError `storage-blocked` */
export function records(): Promise<IDBPDatabase<Schema>> {
  database ??= openDatabase(DATABASE).catch((error: unknown) => {
    database = null;
    throw blockedError(error);
  });
  return database;
}

/** Of this version, whatever version it was stored by. */
export async function openDatabase(name: string): Promise<IDBPDatabase<Schema>> {
  return openDB<Schema>(name, VERSION, {
    upgrade(db) {
      // Stores of an earlier version are kept as they are.
      for (const name of PLAIN_STORES) if (!db.objectStoreNames.contains(name)) db.createObjectStore(name, { keyPath: 'id' });
      if (!db.objectStoreNames.contains('checkpoints'))
        db.createObjectStore('checkpoints', { keyPath: ['runId', 'step'] }).createIndex('runId', 'runId');
    },
    // A tab with a newer version cannot upgrade until this connection is closed.
    blocking(_current, _wanted, event) {
      (event.target as IDBDatabase).close();
      database = null;
    },
    terminated() {
      database = null;
    },
  });
}

/** Stores a record. Throws `quota` when the disk is full. */
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
