/**
 * `window.crossfade`: the studio's handle for automation (end-to-end tests, `npm run experiment`). `lab` has the same
 * clients that the pages use: whatever a person can start here, a script can, through the same code.
 *
 *     await page.evaluate(() => window.crossfade.lab.trainer.open({ backend: 'wasm', threads: null, requireHardware: false }));
 */
import { version } from '../../package.json';
import { lab, type Lab } from './lab';

export interface AutomationHandle {
  lab: Lab;
  version: string;
}

declare global {
  interface Window {
    crossfade: AutomationHandle;
  }
}

export function installAutomationHandle(): void {
  window.crossfade = { lab, version };
}
