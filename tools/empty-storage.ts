/**
 * Setup of a browser test file: the origin's storage is empty when it begins. Files of a project share an origin, and listing what
 * another one left there (dozens of runs) took most of the time of tests that compare the storage before and after.
 */
import { beforeAll } from 'vitest';

beforeAll(async () => {
  const root = await navigator.storage.getDirectory();
  for await (const name of root.keys()) await root.removeEntry(name, { recursive: true });
  for (const { name } of await indexedDB.databases())
    if (name !== undefined)
      await new Promise<void>((done, fail) => {
        const request = indexedDB.deleteDatabase(name);
        request.onsuccess = () => done();
        request.onerror = request.onblocked = () => fail(new Error(`The database "${name}" could not be removed: something has it open.`));
      });
});
