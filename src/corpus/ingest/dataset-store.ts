/** A data set of the Hub or a mirror: what is wanted, what the person agreed to, what there is, and which part of it is taken. */
import { create } from 'zustand';
import type { HubDataset } from '../../contract/hub';
import type { DatasetOrigin, IngestFile, InterruptedIngest } from '../../contract/ingest';
import type { DatasetConfig, DatasetSplit } from '../../core/corpus/dataset-files';
import { errorFromRecord, errorRecord, StudioError, type ErrorRecord } from '../../core/errors';
import { datasetPlace, HUB_ADDRESS, MAIN_REVISION, type DatasetPlace, type HubField } from '../../core/model/hub-source';
import { lab } from '../../lab/lab';
import { useIngest } from './store';

interface DatasetState {
  address: string;
  /** A name, or a pasted address that says more. */
  repository: string;
  revision: string;
  /** The field that cannot be what it is. */
  wrong: HubField | null;
  /** `ask`: the person is asked whether to connect; `listing`: asked the host. */
  stage: 'form' | 'ask' | 'listing';
  place: DatasetPlace | null;
  /** What the host has, once it has told. */
  found: HubDataset | null;
  layout: HubDataset['layouts'][number] | null;
  config: DatasetConfig | null;
  split: DatasetSplit | null;
  /** Bytes that may be fetched. */
  budget: number;
  /** An ingest that a reload or the line cut off, and that is to go on. */
  job: InterruptedIngest | null;
  error: ErrorRecord | null;

  write(change: Partial<Pick<DatasetState, HubField>>): void;
  /** Opens the question; nothing leaves the browser. @param job one that is to go on */
  ask(job?: InterruptedIngest): void;
  /** What the host has; the first config and split, or those of the pasted address, are looked at. */
  connect(): Promise<void>;
  pick(choice: { layout?: string; config?: string; split?: string }): Promise<void>;
  setBudget(bytes: number): void;
  cancel(): Promise<void>;
  dismiss(): void;
}

const MEGABYTE = 1e6;

export const useDataset = create<DatasetState>()((set, get) => {
  const sourceAt = (revision: string) => ({ address: get().place!.address, repository: get().place!.repository, revision, token: null });
  const serve = async (revision: string) => {
    const { port1, port2 } = new MessageChannel();
    await Promise.all([lab.hub.serve(sourceAt(revision), port1), lab.corpus.connect(port2)]);
  };
  const fail = (error: unknown) => {
    const record = errorRecord(error);
    set({ stage: 'form', job: null, error: record.code === 'cancelled' ? null : record });
  };
  /** The files of the picked split, each known by the whole of its place. */
  async function look(): Promise<void> {
    const { place, found, layout, config, split, budget } = get();
    const origin: DatasetOrigin = {
      address: place!.address,
      repository: place!.repository,
      revision: layout!.revision,
      commit: found!.commit,
      config: config!.name,
      split: split!.name,
      licence: found!.licence,
      ...{ budget, fetched: 0 },
    };
    const files = split!.files.map(({ path, bytes }) => fileOf(prefixOf(origin) + path, path, bytes));
    await serve(layout!.revision);
    await useIngest.getState().addDataset(files, origin);
    // What the host refuses is told where it was asked for.
    const problem = useIngest.getState().inspected[0]?.problem;
    if (!problem?.code.startsWith('hub-')) return;
    useIngest.getState().reset();
    throw errorFromRecord(problem);
  }
  /** Goes on with the rest of an interrupted ingest, whose files must be what they were. */
  async function goOn(job: InterruptedIngest, found: HubDataset): Promise<void> {
    const origin = job.dataset!;
    const listed = found.layouts.find(({ revision }) => revision === origin.revision);
    const sizes = new Map(
      listed?.configs.flatMap(({ splits }) => splits.flatMap(({ files }) => files)).map(({ path, bytes }) => [path, bytes]),
    );
    const open = job.files.filter(({ state }) => state !== 'done');
    const files = open.map(({ path, bytes }) => fileOf(path, path.slice(prefixOf(origin).length), bytes));
    const changed = files.find(({ file }) => sizes.get(file.remote) !== file.size);
    if (changed || found.commit !== origin.commit)
      throw new StudioError('ingest-files', 'The data set has changed', { file: changed?.path ?? origin.repository });
    await serve(origin.revision);
    set({ stage: 'form', job: null });
    await useIngest.getState().resume(job, files);
  }
  return {
    address: HUB_ADDRESS,
    repository: '',
    revision: MAIN_REVISION,
    wrong: null,
    stage: 'form',
    place: null,
    found: null,
    layout: null,
    config: null,
    split: null,
    budget: 50 * MEGABYTE,
    job: null,
    error: null,

    write: (change) => set({ ...change, wrong: null }),

    ask(job) {
      if (get().stage !== 'form') return;
      try {
        // The conversion is a branch of its own, listed with the main one.
        const revision = job?.dataset?.revision.startsWith('refs/convert/') ? MAIN_REVISION : job?.dataset?.revision;
        const place = datasetPlace(job ? { ...job.dataset!, revision: revision! } : get());
        set({ place, job: job ?? null, stage: 'ask', wrong: null, error: null, found: null });
      } catch (error) {
        set({ wrong: errorRecord(error).values['field'] as HubField });
      }
    },

    async connect() {
      const { stage, place, job } = get();
      if (stage !== 'ask' || !place) return;
      set({ stage: 'listing' });
      try {
        const found = await lab.hub.dataset(sourceAt(place.revision));
        // The person may have turned away meanwhile.
        if (get().stage !== 'listing') return;
        if (job) return await goOn(job, found);
        const { host, repository } = place;
        if (found.layouts.length === 0)
          throw new StudioError('dataset-empty', `${repository} has no files that can be read`, { host, repository, found: found.others });
        set({ found, layout: found.layouts[0]!, ...picked(found.layouts[0]!.configs, place.config, place.split) });
        await look();
        set({ stage: 'form' });
      } catch (error) {
        fail(error);
      }
    },

    async pick({ layout: of, config, split }) {
      const { found, layout: current, config: before, split: beforeSplit } = get();
      const layout = found?.layouts.find((one) => one.of === (of ?? current?.of));
      if (!layout) return;
      set({ layout, ...picked(layout.configs, config ?? before?.name ?? null, split ?? beforeSplit?.name ?? null) });
      try {
        await look();
      } catch (error) {
        fail(error);
      }
    },

    setBudget(budget) {
      set({ budget });
      const { dataset } = useIngest.getState();
      if (dataset) useIngest.setState({ dataset: { ...dataset, budget } });
    },

    async cancel() {
      const { stage } = get();
      set({ stage: 'form', job: null });
      if (stage === 'listing') await lab.hub.cancel();
    },
    dismiss: () => set({ error: null }),
  };
});

/** owner/name@revision/config/split/ */
const prefixOf = ({ repository, revision, config, split }: DatasetOrigin): string => `${repository}@${revision}/${config}/${split}/`;

function fileOf(path: string, remote: string, size: number) {
  return { path, file: { remote, size, lastModified: 0 } } satisfies IngestFile;
}

/** The config and split of these names, else the first and what is for training. */
function picked(configs: readonly DatasetConfig[], name: string | null, splitName: string | null) {
  const config = configs.find((one) => one.name === name) ?? configs[0]!;
  const named = (wanted: string | null) => config.splits.find((one) => one.name === wanted);
  return { config, split: named(splitName) ?? named('train') ?? config.splits[0]! };
}
