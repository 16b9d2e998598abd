/** The library worker's API: lists, imports, exports and removes models, runs and probe sets. */
import { storedRun } from '../../src/core/run/feed';
import type { LibraryApi, ModelRecord } from '../../src/contract/library';
import { parseConfig } from '../../src/core/model/config';
import { listCheckpoints } from '../storage/checkpoints';
import { files as storage } from '../storage/files';
import { readMetrics, listRuns, readRun, removeRun, renameRun } from '../storage/runs';
import { bundledModels, findModel, modelPath, modelRecord, readModelText } from '../storage/models';
import { listProbeSets, readProbes, removeProbeSet, takeInProbes } from '../storage/probe-sets';
import { storageEstimate } from '../storage/quota';
import { records } from '../storage/records';
import { Cancelling } from '../rpc/cancelling';
import { exportRun, exportRunToFolder } from './export-run';
import { importDownload, importModel } from './import-model';

const long = { import: new Cancelling(), export: new Cancelling() };

export const libraryApi: LibraryApi = {
  async models() {
    const bundled = await Promise.all(
      (await bundledModels()).map(async (model): Promise<ModelRecord> => {
        const config = (await readModelText(model, 'config.json')) ?? '';
        const { id, name } = model;
        const parsed = parseConfig(`${id}/config.json`, config);
        return modelRecord({ id, name, bundled: true, createdAt: 0 }, JSON.parse(config) as Record<string, unknown>, parsed);
      }),
    );
    const imported = await (await records()).getAll('models');
    return [...bundled, ...imported.sort((a, b) => a.createdAt - b.createdAt)];
  },

  importModel: (files, name, onProgress) => importModel(files, name, onProgress, long.import.signal),
  importDownload: (id, name, onProgress) => importDownload(id, name, onProgress, long.import.signal),

  async removeModel(id) {
    await (await records()).delete('models', id);
    await storage.remove(modelPath(id));
  },

  async modelCard(id) {
    return (await readModelText(await findModel(id), 'README.md')) ?? '';
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

  renameRun,
  removeRun: (id) => removeRun(id),
  exportRun: (id, step, dtype, onProgress) => exportRun(id, step, dtype, onProgress, long.export.signal),
  exportRunToFolder: (id, step, dtype, folder, name, onProgress) =>
    exportRunToFolder(id, step, dtype, folder, name, onProgress, long.export.signal),

  async cancel(work) {
    long[work].cancel();
  },

  storage: storageEstimate,

  probeSets: listProbeSets,
  probesOf: readProbes,
  takeInProbes,
  removeProbeSet,
};
