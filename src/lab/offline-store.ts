/**
 * The service worker as pages see it: it isolates the page where the host sends no headers, keeps the studio for visits without a network, and
 * has a new version ready that a person may take. Not in development, not in a frame, and not where the browser has none.
 */
import { create } from 'zustand';
import type { OfflineMessage } from '../contract/offline';
import { isActive } from '../core/run/types';
import { lab } from './lab';

export interface OfflineState {
  /** All files are here: the studio opens without a network. */
  kept: boolean;
  /** Another version than this page's is ready, or has been taken in another tab; `held` while a run trains or waits in any tab. */
  update: 'none' | 'ready' | 'held';
}

export const useOffline = create<OfflineState>(() => ({ kept: false, update: 'none' }));

/** Milliseconds that a first visit waits for the service worker before it goes on with one thread. */
const PATIENCE = 4000;
/** Milliseconds between two looks for a new version while the page is open. */
const LOOK_EVERY = 60 * 60_000;
/** In sessionStorage while a reload is tried, so that one which does not isolate the page is the last. */
const TRIED = 'crossfade.isolating';

const possible = (): boolean =>
  import.meta.env.PROD && window.isSecureContext && 'serviceWorker' in navigator && window.self === window.top;

/** Undefined where the browser refuses, as a private window or a browser that is driven by a test may. */
async function register(): Promise<ServiceWorkerRegistration | undefined> {
  try {
    return await navigator.serviceWorker.register('./service-worker.js');
  } catch (error) {
    console.warn(`No service worker, so nothing is kept for visits without a network: ${String(error)}`);
    return undefined;
  }
}

/** Before anything is shown: where only the service worker can isolate the page, starts it and loads the page once more. True while it does. */
export async function reloadIsolated(): Promise<boolean> {
  if (!possible()) return false;
  try {
    if (crossOriginIsolated) {
      sessionStorage.removeItem(TRIED);
      return false;
    }
    if (sessionStorage.getItem(TRIED) !== null || !(await register())) return false;
    const late = new Promise<null>((resolve) => setTimeout(resolve, PATIENCE, null));
    if ((await Promise.race([navigator.serviceWorker.ready, late])) === null) return false;
    sessionStorage.setItem(TRIED, '1');
    window.location.reload();
    return true;
  } catch {
    // Site data is blocked: nothing could stop a second reload.
    return false;
  }
}

function ask(worker: ServiceWorker, message: OfflineMessage): Promise<boolean> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<boolean>) => resolve(data);
    worker.postMessage(message, [port2]);
  });
}

let waiting: ServiceWorker | null = null;
/** A person has asked for the new version. */
let wanted = false;
/** This page knows that the version which takes over has the same scripts. */
let same = false;

const entry = () => document.querySelector<HTMLScriptElement>('script[type=module][src]')?.src ?? '';

async function meet(worker: ServiceWorker): Promise<void> {
  waiting = worker;
  // A page that was loaded from the host is of the new version already.
  same = true;
  if (await ask(worker, { type: 'take-over-same', script: entry() })) return;
  same = false;
  useOffline.setState({ update: 'ready' });
}

/** Once the page stands: keeps its files, and looks for other versions from time to time. */
export async function keepForOffline(): Promise<void> {
  if (!possible()) return;
  const registration = await register();
  if (!registration) return;
  const workers = navigator.serviceWorker;
  const keep = async () => {
    const { active } = await workers.ready;
    if (active && (await ask(active, { type: 'started' }))) useOffline.setState({ kept: true });
  };
  let former = workers.controller;
  workers.addEventListener('controllerchange', () => {
    const first = former === null;
    former = workers.controller;
    if (wanted) window.location.reload();
    else if (first || same) void keep();
    // Taken in another tab. This page's own files are kept until it is closed.
    else useOffline.setState({ update: 'ready' });
  });
  const watch = () => {
    const { installing } = registration;
    installing?.addEventListener('statechange', () => {
      if (installing.state === 'installed' && registration.active) void meet(installing);
    });
  };
  registration.addEventListener('updatefound', watch);
  watch();
  if (registration.waiting) void meet(registration.waiting);
  setInterval(() => void registration.update().catch(() => undefined), LOOK_EVERY);
  await keep();
}

/** A person takes the new version: the page is loaded anew, unless a run is under way in any tab of this browser. */
export async function takeUpdate(): Promise<void> {
  const runs = await lab.library.runs();
  if (runs.some(({ state }) => isActive(state))) return useOffline.setState({ update: 'held' });
  wanted = true;
  // None waits where another tab has taken it.
  if (waiting?.state === 'installed') waiting.postMessage({ type: 'take-over' } satisfies OfflineMessage);
  else window.location.reload();
}

export const dismissUpdate = (): void => useOffline.setState({ update: 'none' });
