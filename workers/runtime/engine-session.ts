/**
 * The trainer worker's engine: which backend is open, the lock on it, and the models that evaluation keeps on it. Training and evaluation
 * share one session. After the device is lost the next call opens the same backend anew.
 */
import { findBackendFactory, memory, registerBackend, removeBackend } from '@tensorflow/tfjs-core';
import type { BackendName, DeviceInfo } from '../../src/contract/device';
import type { EngineApi } from '../../src/contract/training';
import { StudioError } from '../../src/core/errors';
import { onDeviceLost, openBackend, takenMemory } from '../engine';
import { Cancelling } from '../rpc/expose';
import { EngineLock, workerClock } from './turns';
import { OpenModels } from './weights';

type OpenOptions = Parameters<EngineApi['open']>[0];

/** A device that is lost more often than this has something wrong with it that opening it anew does not mend. */
export const MOST_LOSSES = 2;
/** Milliseconds within which a device's loss is told after what ran on it has failed. */
const LOSS_TOLD_MS = 50;

export interface OpenEngine {
  device: DeviceInfo;
  lock: EngineLock;
}

/** What work that shares the engine with training, and that a person can cancel, needs of the session. */
export interface EngineWork {
  lock: EngineLock;
  /** Lets messages and training have their turn. */
  yield(): Promise<void>;
  signal: AbortSignal;
}

/** A run, which keeps the engine for longer than one call. */
export interface EngineHolder {
  /** Why no other backend can be opened now; null when it can. */
  refusal(): StudioError | null;
  deviceLost(error: StudioError): void;
}

export class EngineSession {
  readonly clock = workerClock();
  readonly models = new OpenModels();
  holder: EngineHolder | null = null;
  private readonly cancelling = new Cancelling();
  /** As a page asked for last; without a page, automatic. */
  private options: OpenOptions = { backend: null, threads: null, requireHardware: false };
  private opened: (OpenEngine & { options: OpenOptions }) | null = null;
  /** Backend whose device was lost, until it is opened anew. */
  private lost: BackendName | null = null;
  private opening: Promise<unknown> = Promise.resolve();

  constructor() {
    onDeviceLost((detail) => this.lose(detail));
  }

  /**
   * One call after the other: a page that asks twice gets one engine.
   * @throws StudioError `run-locked` while a run trains on an engine that is not the one asked for, and those of opening a backend
   */
  open(wanted: OpenOptions): Promise<DeviceInfo> {
    const result = this.opening.then(async () => {
      if (this.opened && sameEngine(this.opened.options, wanted)) return this.opened.device;
      // Where none is open a run has lost its device, and ends.
      const refusal = this.opened ? this.holder?.refusal() : null;
      if (refusal) throw refusal;
      await this.models.clear();
      if (this.lost) renewBackend(this.lost);
      this.lost = null;
      const device = await openBackend(wanted);
      this.opened = { options: wanted, device, lock: new EngineLock() };
      return device;
    });
    this.opening = result.catch(() => undefined);
    return result;
  }

  /** The open engine; opens one as asked for last when there is none. */
  async engine(): Promise<OpenEngine> {
    await this.opening;
    const device = await this.open(this.opened?.options ?? this.options);
    return { device, lock: this.opened!.lock };
  }

  async work(): Promise<EngineWork> {
    // Of the moment of the call: a cancel while the engine opens ends the work too.
    const { signal } = this.cancelling;
    const { lock } = await this.engine();
    return { lock, yield: () => this.clock.yield(), signal };
  }

  /**
   * Does the work again on a device opened anew when the one it ran on was lost, twice at most.
   * @throws StudioError `device-lost` when it is lost once more, and what the work throws
   */
  async outlivingDevice<T>(work: () => Promise<T>): Promise<T> {
    for (let losses = 0; ; losses++) {
      const { signal } = this.cancelling;
      try {
        return await work();
      } catch (error) {
        // A read that the loss cut off may fail before the loss is told.
        if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, LOSS_TOLD_MS));
        const reason: unknown = signal.reason;
        if (!(reason instanceof StudioError) || reason.code !== 'device-lost') throw error;
        if (losses === MOST_LOSSES) throw reason;
      }
    }
  }

  /** Ends all evaluation begun so far, which then throws `cancelled`; a run goes on. */
  cancel(): void {
    this.cancelling.cancel();
  }

  private lose(detail: string): void {
    if (!this.opened) return;
    const { backend } = this.opened.device;
    this.lost = backend;
    this.options = this.opened.options;
    this.opened = null;
    this.models.forget();
    const error = new StudioError('device-lost', `The device of backend "${backend}" was lost: ${detail}`, { backend, detail });
    this.cancelling.cancel(error);
    this.holder?.deviceLost(error);
  }
}

/** The session's part of the trainer's API. */
export function engineApi(session: EngineSession): EngineApi {
  return {
    open: (options) => session.open(options),
    cancel: async () => session.cancel(),
    async memory() {
      const { numTensors, numBytes } = memory();
      return { tensors: numTensors, bytes: numBytes, peak: takenMemory() };
    },
  };
}

function sameEngine(a: OpenOptions, b: OpenOptions): boolean {
  return a.backend === b.backend && a.threads === b.threads && a.requireHardware === b.requireHardware;
}

/** tfjs's own priority of its WebGPU backend. */
const PRIORITY = 3;

/** After a device was lost: tfjs keeps the dead backend by its name, so it is removed and its factory registered again. */
export function renewBackend(name: BackendName): void {
  const factory = findBackendFactory(name);
  if (!factory) return;
  removeBackend(name);
  registerBackend(name, factory, PRIORITY);
}
