/** Which engine runs: opened once at start as the address asks, and again after a crash of the trainer; and the sweep that it trains for. */
import type { BackendName, DeviceInfo } from '../contract/device';
import type { TrainerApi } from '../contract/training';
import { create } from 'zustand';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { lab } from './lab';

const BACKENDS: readonly BackendName[] = ['webgpu', 'wasm', 'cpu'];

/** Values that are not understood are ignored: the engine then chooses. */
function launchOptions(search: string): Parameters<TrainerApi['open']>[0] {
  const query = new URLSearchParams(search);
  const threads = Number(query.get('threads'));
  return {
    backend: BACKENDS.find((name) => name === query.get('backend')) ?? null,
    threads: Number.isInteger(threads) && threads > 0 ? threads : null,
    requireHardware: query.has('require-hardware') && query.get('require-hardware') !== 'false',
  };
}

export type DeviceState = { kind: 'opening' } | { kind: 'open'; info: DeviceInfo } | { kind: 'failed'; error: ErrorRecord };

export const useDevice = create<{ device: DeviceState }>(() => ({ device: { kind: 'opening' } }));

/** The sweep whose queue this tab's trainer takes runs from: no run of a person's own can start meanwhile. The page Sweeps keeps it. */
export const useTrainerSweep = create<{ sweep: { id: string; name: string } | null }>(() => ({ sweep: null }));

let opening: Promise<DeviceInfo> | null = null;

/** Opens the engine as the address asks; a second call gives the same engine. Rejects with the engine's StudioError. */
export function openDevice(): Promise<DeviceInfo> {
  opening ??= lab.trainer.open(launchOptions(window.location.search)).then(
    (info) => {
      useDevice.setState({ device: { kind: 'open', info } });
      return info;
    },
    (error: unknown) => {
      opening = null;
      useDevice.setState({ device: { kind: 'failed', error: errorRecord(error) } });
      throw error;
    },
  );
  return opening;
}

/** After a crash the new worker has no engine yet: opens one. */
export function reopenDevice(): Promise<DeviceInfo> {
  opening = null;
  useDevice.setState({ device: { kind: 'opening' } });
  return openDevice();
}
