/** The trainer worker: one engine, the current run, and comparisons beside it. */
import { memory } from '@tensorflow/tfjs-core';
import { transfer } from 'comlink';
import { StudioError } from '../../src/core/errors';
import type { RunMessage } from '../../src/core/run/feed';
import type { BackendName, DeviceInfo } from '../../src/contract/device';
import type { OnProgress } from '../../src/contract/progress';
import type { TrainerApi } from '../../src/contract/training';
import type { WeightsRef } from '../../src/contract/evaluation';
import { onDeviceLost, openBackend } from '../engine';
import { checkCancelled, compareHeldOut, compareTokens, type Work } from '../evaluate/comparison';
import { continueText } from '../evaluate/generate';
import { attentionOf, channelsOf, memorisationOf, probesOf, robustnessOf, termsOf, type MeasureTools } from '../evaluate/measures';
import { weightChanges } from '../evaluate/weight-changes';
import { readCheckpointState } from '../storage/checkpoints';
import { readRun } from '../storage/runs';
import { readChannelTokens } from '../runtime/channel-tokens';
import { workerClock, EngineLock } from '../runtime/turns';
import { OpenModels } from '../runtime/weights';
import { renewBackend } from '../runtime/engine-session';
import { parseRunState } from '../runtime/run-state';
import { resumeRun, startRun, type ReadyRun, type Studio } from './run-setup';
import type { LoadedWeights } from '../runtime/weights';

type OpenOptions = Parameters<TrainerApi['open']>[0];

const clock = workerClock();
const models = new OpenModels();
/** As a page asked for last; without a page, automatic. */
let options: OpenOptions = { backend: null, threads: null, requireHardware: false };
let opened: { options: OpenOptions; device: DeviceInfo; lock: EngineLock } | null = null;
/** Backend whose device went away, until it is opened anew. */
let lost: BackendName | null = null;
let opening: Promise<unknown> = Promise.resolve();
let current: (ReadyRun & { done: Promise<void> }) | null = null;
/** The run shown to a listener that comes late: the current one, or the one that ended last. */
let last: ReadyRun | null = null;
let preparing = false;
let listener: ((message: RunMessage) => void) | null = null;
let cancelling = new AbortController();

function send(message: RunMessage): void {
  // A proxied listener answers with a promise; a page that went away must not end the run.
  const answer: unknown = listener?.(message);
  if (answer instanceof Promise) answer.catch(() => undefined);
}

function sameEngine(a: OpenOptions, b: OpenOptions): boolean {
  return a.backend === b.backend && a.threads === b.threads && a.requireHardware === b.requireHardware;
}

/** One after the other: a page that asks twice gets one engine. */
function openEngine(wanted: OpenOptions): Promise<DeviceInfo> {
  const result = opening.then(async () => {
    if (opened && sameEngine(opened.options, wanted)) return opened.device;
    if (current) throw locked();
    await models.clear();
    if (lost) renewBackend(lost);
    lost = null;
    const device = await openBackend(wanted);
    opened = { options: wanted, device, lock: new EngineLock() };
    return device;
  });
  opening = result.catch(() => undefined);
  return result;
}

onDeviceLost((detail) => {
  if (!opened) return;
  const { backend } = opened.device;
  lost = backend;
  options = opened.options;
  opened = null;
  models.forget();
  cancelling.abort();
  cancelling = new AbortController();
  current?.loop.fail(new StudioError('device-lost', `The device of backend "${backend}" was lost: ${detail}`, { backend, detail }));
});

async function studio(): Promise<Studio> {
  await opening;
  const device = await openEngine(opened?.options ?? options);
  return { device, lock: opened!.lock, clock, listener: send };
}

function locked(): StudioError {
  const run = current?.id ?? '';
  return new StudioError('run-locked', `Run "${run}" is training in this tab`, { run });
}

/** Makes room for another run: a paused one is let go, it has its checkpoint; a training one is in the way. */
async function takeOver(make: (studio: Studio) => Promise<ReadyRun>): Promise<string> {
  if (preparing) throw locked();
  preparing = true;
  try {
    if (current) {
      const { loop, done } = current;
      const { state } = loop.record;
      if (state === 'running' || state === 'preparing') throw locked();
      if (state === 'paused') loop.leave();
      await done;
    }
    await models.clear();
    const ready = await make(await studio());
    const done = ready.loop.run().finally(() => {
      ready.lock.release();
      if (current?.id === ready.id) current = null;
    });
    current = { ...ready, done };
    last = ready;
    return ready.id;
  } finally {
    preparing = false;
  }
}

async function work(): Promise<Work> {
  const { lock } = await studio();
  return { lock, yield: () => clock.yield(), signal: cancelling.signal };
}

/** What a measure of these weights needs. */
async function measuring(weights: readonly WeightsRef[], onProgress: OnProgress): Promise<MeasureTools> {
  return {
    models: weights.length,
    open: (model, use) => models.use(weights[model]!, use),
    read: (loaded, channels) => readChannelTokens(loaded.base, loaded.tokenizer.hash, channels, onProgress),
    onProgress,
    work: await work(),
  };
}

function useBoth<T>(a: WeightsRef, b: WeightsRef, use: (a: LoadedWeights, b: LoadedWeights) => Promise<T>): Promise<T> {
  return models.use(a, (first) => models.use(b, (second) => use(first, second)));
}

export const trainerApi: TrainerApi = {
  open: openEngine,

  async listen(next) {
    listener = next;
    if (last) send(last.loop.whole());
  },

  start: (recipe, name, onProgress) => takeOver((ready) => startRun(recipe, name, onProgress, ready)),

  async resume(run, onProgress) {
    if (current?.id === run) return current.loop.unpause();
    await takeOver((ready) => resumeRun(run, onProgress, ready));
  },

  pause: async () => current?.loop.pause(),
  unpause: async () => current?.loop.unpause(),
  step: async () => current?.loop.step(),

  async stop() {
    const stopping = current;
    await stopping?.loop.stop();
    await stopping?.done;
  },

  save: async () => current?.loop.save(),
  change: async (settings) => current?.loop.change(settings),

  async compare(a, b, corpora, rowsPerChannel, onProgress) {
    const own = await work();
    return useBoth(a, b, (first, second) => {
      const base = (weights: LoadedWeights) => readChannelTokens(weights.base, weights.tokenizer.hash, corpora, onProgress);
      return compareHeldOut(first, second, corpora, rowsPerChannel, base, onProgress, own);
    });
  },

  async generate(weights, options, onPiece) {
    const own = await work();
    // Pieces travel on a channel of their own: the last must have arrived before the whole text does.
    let arrived: unknown = null;
    const tell = (piece: string): void => void (arrived = onPiece(piece) as unknown);
    const text = await models.use(weights, (loaded) => continueText(loaded, options, tell, own));
    await arrived;
    return text;
  },

  async tokenLosses(a, b, text) {
    const own = await work();
    return useBoth(a, b, (first, second) => compareTokens(first, second, text, own));
  },

  measureChannels: async (weights, channels, count, onProgress) => channelsOf(channels, count, await measuring(weights, onProgress)),
  measureTerms: async (weights, channels, terms, count, onProgress) =>
    termsOf(channels, terms, count, await measuring(weights, onProgress)),
  measureProbes: async (weights, probes, onProgress) => probesOf(probes, await measuring(weights, onProgress)),
  measureRobustness: async (weights, channels, count, onProgress) => robustnessOf(channels, count, await measuring(weights, onProgress)),

  async measureMemorisation(base, run, step, rows, onProgress) {
    const { recipe } = await readRun(run);
    const { sampler } = parseRunState(run, step, await readCheckpointState(run, step));
    return memorisationOf(
      { recipe, cursors: sampler.cursors },
      rows,
      await measuring([base, { kind: 'checkpoint', run, step }], onProgress),
    );
  },

  async attention(weights, text) {
    const view = await attentionOf(text, await measuring(weights, () => undefined));
    return transfer(
      view,
      view.models.flatMap((layers) => layers.map((layer) => layer.weights.buffer)),
    );
  },

  async weightChanges(base, tuned) {
    const { lock, signal } = await work();
    return useBoth(base, tuned, async ({ model: before }, { model: after }) => {
      checkCancelled(signal);
      const changes = await lock.run(() => weightChanges(before, after));
      checkCancelled(signal);
      return changes;
    });
  },

  async cancel() {
    cancelling.abort();
    cancelling = new AbortController();
  },

  async memory() {
    const { numTensors, numBytes } = memory();
    return { tensors: numTensors, bytes: numBytes };
  },
};
