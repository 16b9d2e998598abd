// @ts-check
/**
 * What this release stores, as a fixture for the releases after it: two runs (one with a live change, one that goes on from its
 * checkpoint), a sweep and a model kept from a run, as they lie in IndexedDB, with the runs' logs. Run by hand before a
 * release, under its number:
 *
 *     node e2e/parity/make-stored-records.mjs
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withStudio } from '../../tools/headless-studio.mjs';
import { root } from '../../tools/setup.mjs';

const read = (/** @type {string} */ path) => JSON.parse(readFileSync(join(root, path), 'utf8'));
const { version } = read('package.json');
const { recipe } = read('public/recipes/golden-ratio.json');
/** @type {{ id: string }[]} */
const texts = recipe.channels.filter((/** @type {{ id: string }} */ { id }) => id === 'en' || id === 'domain');
const short = {
  ...recipe,
  name: 'stored',
  sequenceLength: 32,
  batchSize: 2,
  channels: texts.map((channel) => ({ ...channel, share: 0.5 })),
  budget: { steps: 12 },
  evaluation: { everySteps: 6, rowsPerChannel: 2, probesPerGroup: 1 },
  saving: { everySteps: 6, keep: 2 },
  logging: { everySteps: 2 },
};

await withStudio({ folder: null, backend: 'wasm', threads: 1, requireHardware: false }, async ({ page, orCrash }) => {
  const stored = await orCrash(
    page.evaluate(async (recipe) => {
      const { lab } = /** @type {any} */ (window).crossfade;
      const quiet = () => {};
      const ended = async (/** @type {string} */ id) => {
        while (!['finished', 'failed', 'stopped'].includes((await lab.library.run(id)).state))
          await new Promise((later) => setTimeout(later, 50));
      };
      const first = await lab.trainer.start(recipe, 'first', quiet);
      await lab.trainer.change({ schedule: { ...recipe.schedule, peakLr: recipe.schedule.peakLr / 2 } });
      await ended(first);
      const [run] = await lab.library.runs();
      const second = await lab.trainer.fork({ run: run.id, step: 6 }, { ...recipe, budget: { steps: 8 } }, 'second', quiet);
      await ended(second);
      await lab.library.keepRun(run.id, 12, 'kept', quiet);
      await lab.library.createSweep({
        version: 1,
        name: 'rates',
        base: recipe,
        axes: [{ field: 'schedule.peakLr', factors: [0.3, 1] }],
        seeds: [1],
      });
      /** @type {IDBDatabase} */
      const database = await new Promise((done, fail) => {
        const opening = indexedDB.open('crossfade');
        opening.onsuccess = () => done(opening.result);
        opening.onerror = () => fail(opening.error);
      });
      const all = (/** @type {string} */ name) =>
        new Promise((done, fail) => {
          const asked = database.transaction(name).objectStore(name).getAll();
          asked.onsuccess = () => done(asked.result);
          asked.onerror = () => fail(asked.error);
        });
      /** @type {Record<string, any>} */
      const records = {};
      for (const name of database.objectStoreNames) records[name] = await all(name);
      /** @type {Record<string, string>} */
      const logs = {};
      const top = await navigator.storage.getDirectory();
      for (const { id } of records['runs']) {
        const folder = await (await top.getDirectoryHandle('runs')).getDirectoryHandle(id);
        logs[id] = await (await (await folder.getFileHandle('metrics.jsonl')).getFile()).text();
      }
      return { database: database.version, records, logs };
    }, short),
  );
  const folder = join(root, 'e2e/parity/fixtures/stored');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${version}.json`), `${JSON.stringify({ version, ...stored }, null, 1)}\n`);
});
