/**
 * Between a run and a person who looks elsewhere: the screen is kept awake while this tab trains, and alerts by rule wait to be read.
 * What is called for, and how, is the person's to set and stays set.
 */
import { create } from 'zustand';
import type { AlertKind, AlertRules, RunAlert } from '../core/diagnosis/alerts';
import { RETENTION_LINE } from '../core/metrics/loss';
import { useTrainerSweep } from './device-store';

export interface AttentionSettings {
  /** No dark screen while this tab trains. */
  awake: boolean;
  /** Alerts also by the system, once the person has allowed it. */
  notify: boolean;
  rules: AlertRules;
}

export interface Attention extends AttentionSettings {
  /** Unread, newest last. */
  alerts: RunAlert[];
}

export const ALERT_KINDS: readonly AlertKind[] = ['not-finite', 'divergence', 'retention', 'plateau'];
const DEFAULT_RULES: AlertRules = {
  on: { 'not-finite': true, divergence: true, retention: true, plateau: false },
  retentionLine: RETENTION_LINE,
};
const DEFAULTS: AttentionSettings = { awake: true, notify: false, rules: DEFAULT_RULES };
/** Key of localStorage. */
const KEY = 'crossfade.attention';

/** @param text as stored; what is not understood is as it is for a new person */
export function readSettings(text: string | null): AttentionSettings {
  try {
    const stored = JSON.parse(text ?? '') as Partial<AttentionSettings>;
    const flag = (value: unknown, otherwise: boolean) => (typeof value === 'boolean' ? value : otherwise);
    const line = stored.rules?.retentionLine;
    const on = Object.fromEntries(ALERT_KINDS.map((kind) => [kind, flag(stored.rules?.on?.[kind], DEFAULT_RULES.on[kind])]));
    return {
      awake: flag(stored.awake, DEFAULTS.awake),
      notify: flag(stored.notify, DEFAULTS.notify),
      rules: {
        on: on as AlertRules['on'],
        retentionLine: typeof line === 'number' && line > 0 && line <= 1 ? line : DEFAULT_RULES.retentionLine,
      },
    };
  } catch {
    return DEFAULTS;
  }
}

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export const useAttention = create<Attention>(() => ({ ...readSettings(stored()), alerts: [] }));

export function setAttention(change: Partial<AttentionSettings>): void {
  useAttention.setState(change);
  const { awake, notify, rules } = useAttention.getState();
  try {
    localStorage.setItem(KEY, JSON.stringify({ awake, notify, rules }));
  } catch {
    // It holds for this visit.
  }
  void settleScreen();
}

/** A second crossing takes the place of the first. */
export function raiseAlerts(fresh: readonly RunAlert[]): void {
  if (fresh.length === 0) return;
  const again = (alert: RunAlert) => fresh.some(({ kind, run: { id } }) => kind === alert.kind && id === alert.run.id);
  useAttention.setState(({ alerts }) => ({ alerts: [...alerts.filter((alert) => !again(alert)), ...fresh] }));
}

export const dismissAlert = (alert: RunAlert): void =>
  useAttention.setState(({ alerts }) => ({ alerts: alerts.filter((other) => other !== alert) }));

/** What trains in this tab now. */
const training = new Set<'run' | 'sweep' | 'chain'>();
let screen: WakeLockSentinel | null = null;
let asking = false;

let listening = false;

/** Told by whoever trains; twice the same is once. */
export function keepAwake(what: 'run' | 'sweep' | 'chain', trains: boolean): void {
  if (training.has(what) === trains) return;
  if (!listening) document.addEventListener('visibilitychange', () => void settleScreen());
  listening = true;
  if (trains) training.add(what);
  else training.delete(what);
  void settleScreen();
}

/** A browser lets go of the screen by itself when the tab is hidden, and refuses where the battery is low. */
async function settleScreen(): Promise<void> {
  if (asking || !('wakeLock' in navigator)) return;
  const wanted = training.size > 0 && useAttention.getState().awake && document.visibilityState === 'visible';
  if (wanted === (screen !== null)) return;
  asking = true;
  try {
    if (screen) await screen.release();
    else {
      screen = await navigator.wakeLock.request('screen');
      screen.addEventListener('release', () => (screen = null), { once: true });
    }
  } catch {
    // The run goes on all the same; the next change of the page tries again.
    return;
  } finally {
    asking = false;
  }
  await settleScreen();
}

useTrainerSweep.subscribe(({ sweep }) => keepAwake('sweep', sweep !== null));
