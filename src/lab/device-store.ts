/** Which engine runs: opened once at start and again after a crash of the trainer. */
import { create } from 'zustand';
import type { DeviceInfo } from '../contract/device';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { lab } from './lab';
import { launchOptions } from './launch-options';

export type DeviceState = { kind: 'opening' } | { kind: 'open'; info: DeviceInfo } | { kind: 'failed'; error: ErrorRecord };

export const useDevice = create<{ device: DeviceState }>(() => ({ device: { kind: 'opening' } }));

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
