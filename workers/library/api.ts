/** The library worker's API: lists, imports, exports and removes models, runs and probe sets. */
import { readChatTemplate } from '../tokenizer/chat';
import { StudioError } from '../../src/core/errors';
import { isActive } from '../../src/core/run/types';
import { storedRun } from '../../src/core/run/feed';
import type { FollowedRuns } from '../../src/contract/follow';
import type { LibraryApi, ModelRecord } from '../../src/contract/library';
import { parseConfig } from '../../src/core/model/config';
import { runDemand } from '../../src/core/model/memory';
import { listCheckpoints, oldCheckpoints, removeOldCheckpoints } from '../storage/checkpoints';
import { files as storage } from '../storage/files';
import { runDocument } from '../../src/core/run/run-file';
import { resultOf } from '../../src/core/sweep/queue';
import { version } from '../../package.json';
import { keepMeasures, keptMeasures, listRuns, markRun, readMetrics, readRun, removeRun, renameRun, updateRun } from '../storage/runs';
import { bundledModels, findModel, modelPath, modelRecord, readModelText, renameModel, shapeOf } from '../storage/models';
import { listProbeSets, readProbes, removeProbeSet, takeInProbes } from '../storage/probe-sets';
import { storageMark } from '../storage/mark';
import { storedSweeps } from '../storage/sweeps';
import { storageEstimate } from '../storage/quota';
import { records } from '../storage/records';
import { Cancelling } from '../rpc/expose';
import { exportFolder, exportZip, openModelExport, openRunExport } from './export';
import { importDownload, importModel, importRunWeights } from './import-model';
import { lookAheadOf } from './look-ahead';
import { keepMerge, keepRun } from './merge-models';

const long = { import: new Cancelling(), download: new Cancelling(), export: new Cancelling() };

/** Read when a log is followed for the first time. */
const follow = () => import('./follow').then(({ followedRuns }) => followedRuns);
const followed: FollowedRuns = {
  watchFollows: async (listener) => (await follow()).watchFollows(listener),
  follow: async (place, run, port) => (await follow()).follow(place, run, port),
  followPlace: async (run) => (await (await records()).get('follows', run))?.place ?? null,
  listenFollowed: async (run, listener) => (await follow()).listenFollowed(run, listener),
  control: async (run, wish) => (await follow()).control(run, wish),
  recheckControl: async (run) => (await follow()).recheckControl(run),
  leave: async (run) => (await follow()).leave(run),
};

export const libraryApi: LibraryApi = {
  ...storedSweeps,
  ...followed,

  async models() {
    const bundled = await Promise.all(
      (await bundledModels()).map(async (model): Promise<ModelRecord> => {
        const config = (await readModelText(model, 'config.json')) ?? '';
        const { id, name } = model;
        const parsed = parseConfig(`${id}/config.json`, config);
        return modelRecord({ id, name, bundled: true, createdAt: 0 }, JSON.parse(config) as Record<string, unknown>, parsed);
      }),
    );
    const stored = await (await records()).getAll('models');
    const imported = stored.map((record) => ({ ...record, shape: shapeOf(record.config) }));
    return [...bundled, ...imported.sort((a, b) => a.createdAt - b.createdAt)];
  },

  lookAhead: lookAheadOf,

  demand: async (shape, recipe, device, teacher) => runDemand(shape, recipe, device, teacher),

  importModel: (files, name, onProgress) => importModel(files, name, onProgress, long.import.signal),
  importRunWeights: (run, step, files, name, onProgress) => importRunWeights(run, step, files, name, onProgress, long.import.signal),
  importDownload: (id, name, onProgress) => importDownload(id, name, onProgress, long.download.signal),
  keepMerge: (merge, factors, name, onProgress) => keepMerge(merge, factors, name, onProgress, long.import.signal),

  keepRun: (run, step, name, onProgress) => keepRun(run, step, name, onProgress, long.import.signal),

  renameModel,
  async removeModel(id) {
    const run = (await listRuns()).find(
      ({ recipe, state }) => (recipe.base === id || recipe.regularisation?.distillation?.teacher === id) && isActive(state),
    );
    if (run) throw new StudioError('model-in-use', `Run "${run.name}" needs model "${id}"`, { model: id, run: run.name });
    await (await records()).delete('models', id);
    await storage.remove(modelPath(id));
  },

  async modelCard(id) {
    return (await readModelText(await findModel(id), 'README.md')) ?? '';
  },

  async chatTemplates() {
    const stored = (await (await records()).getAll('models')).sort((a, b) => a.createdAt - b.createdAt);
    const ids = [...(await bundledModels()), ...stored].map(({ id }) => id);
    const found = await Promise.all(
      ids.map(async (id) => {
        const listing = await findModel(id);
        const template = await readChatTemplate(listing);
        return template === null ? [] : [{ model: id, name: listing.name, template }];
      }),
    );
    return found.flat();
  },

  runs: () => listRuns(),
  run: (id) => readRun(id),

  async feed(id) {
    const [record, metrics, checkpoints] = await Promise.all([readRun(id), readMetrics(id), listCheckpoints(id)]);
    return storedRun(record, metrics, checkpoints);
  },

  async checkpoints(id) {
    await readRun(id);
    return listCheckpoints(id);
  },

  async metrics(id) {
    await readRun(id);
    const { rows, evaluations } = await readMetrics(id);
    return { rows, evaluations };
  },

  // Parquet and CSV are read by libraries that few visits need.
  importLogs: async (files) => (await import('./import-logs')).importLogs(files),
  importLink: async (link) => (await import('./import-logs')).importLink(link),
  async runDocument(id) {
    const [record, history] = await Promise.all([readRun(id), readMetrics(id)]);
    return runDocument(record, history, { studio: version, now: Date.now() });
  },
  keepLesson: async (id, lesson) => void (await updateRun(id, { lesson })),
  renameRun,
  markRun,
  async outcomes(ids) {
    const wanted = new Set(ids);
    const found = [];
    // One after another: the history of a long run is large while it is read.
    for (const run of await listRuns()) {
      if (!wanted.has(run.id)) continue;
      const { result, base } = resultOf(run, await readMetrics(run.id), 0);
      found.push({ id: run.id, result, base });
    }
    return found;
  },
  keepMeasures: (id, name, text) => keepMeasures(id, name, text),
  keptMeasures: (id, name) => keptMeasures(id, name),
  removeRun: (id) => removeRun(id),

  async exportRun(id, step, dtype, onProgress, average) {
    const { signal } = long.export;
    return exportZip(await openRunExport({ run: id, step, average }, dtype), onProgress, signal);
  },
  async exportRunToFolder(id, step, dtype, folder, name, onProgress, average) {
    const { signal } = long.export;
    return exportFolder(await openRunExport({ run: id, step, average }, dtype), folder, name, onProgress, signal);
  },
  async exportModel(id, dtype, onProgress) {
    const { signal } = long.export;
    return exportZip(await openModelExport(id, dtype), onProgress, signal);
  },
  async exportModelToFolder(id, dtype, folder, name, onProgress) {
    const { signal } = long.export;
    return exportFolder(await openModelExport(id, dtype), folder, name, onProgress, signal);
  },

  async cancel(work) {
    long[work].cancel();
  },

  storage: storageEstimate,
  storageMark,
  async oldCheckpoints() {
    const old = await oldCheckpoints();
    return { count: old.length, bytes: old.reduce((sum, { bytes }) => sum + bytes, 0) };
  },
  removeOldCheckpoints: () => removeOldCheckpoints(),

  probeSets: listProbeSets,
  probesOf: readProbes,
  takeInProbes,
  removeProbeSet,
};

/** The chat template of tokenizer_config.json: a text, or several by name of which `default` is for conversations. */
