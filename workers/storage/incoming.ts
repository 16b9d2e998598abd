/**
 * Where a model lies while it comes in (`incoming/<id>/`): from the network, out of a zip, or copied from the disk. It becomes a
 * model only when all of it has been checked; until then nobody lists it. What a tab that went away left here is swept up by the
 * next one that takes something in.
 */
import { files, type FileStore } from './files';
import { modelPath } from './models';

const FOLDER = 'incoming';
const lockName = (id: string): string => `crossfade:incoming:${id}`;

export const incomingPath = (id: string): string => `${FOLDER}/${id}`;

export interface IncomingFolder {
  /** Removes the folder and lets go of its lock; files that have settled are no longer in it. */
  close(): Promise<void>;
}

/** A folder that no other tab removes until it is closed or its worker is gone. */
export function openIncoming(id: string, store: FileStore = files): Promise<IncomingFolder> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(lockName(id), async () => {
        await sweep(id, store);
        await new Promise<void>((release) => resolve({ close: () => store.remove(incomingPath(id)).finally(release) }));
      })
      .catch(reject);
  });
}

/** Moves files that have been checked to where model `id` is stored. */
export async function settleIncoming(id: string, names: readonly string[], store: FileStore = files): Promise<void> {
  for (const name of names) await store.move(`${incomingPath(id)}/${name}`, `${modelPath(id)}/${name}`);
}

async function sweep(own: string, store: FileStore): Promise<void> {
  const { held = [] } = await navigator.locks.query();
  const busy = new Set(held.map(({ name }) => name));
  for (const { name } of await store.list(FOLDER)) if (name !== own && !busy.has(lockName(name))) await store.remove(incomingPath(name));
}
