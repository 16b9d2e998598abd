/**
 * What an address says of how the studio is shown and what it does at once, besides page and recipe:
 * `seed=7|random`, `lang=en|zh`, `theme=light|dark|auto`, `hide=lr,warmup,…`, `embed=1`, `run=auto|paused`. What it says wrongly is told by
 * name with what is accepted; the rest of it holds.
 */
import { StudioError } from '../errors';

/** What a person changes on the desk: in a lesson only those that are free can be moved. */
export const DESK_CONTROLS = ['preset', 'base', 'seed', 'recipe', 'mixture', 'lr', 'warmup', 'schedule'] as const;
/** Parts of the desk that an address or a lesson can hide. */
export const DESK_PARTS = [...DESK_CONTROLS, 'chart', 'side', 'ahead', 'diagnosis'] as const;
export type DeskPart = (typeof DESK_PARTS)[number];

const LANGUAGES = ['en', 'zh'] as const;
const THEMES = ['light', 'dark', 'auto'] as const;
const STARTS = ['auto', 'paused'] as const;
const LARGEST_SEED = 0xffffffff;

export interface AddressState {
  language: (typeof LANGUAGES)[number] | null;
  theme: (typeof THEMES)[number] | null;
  /** Null where the address says nothing of it; an empty list shows everything. */
  hide: readonly DeskPart[] | null;
  embed: boolean | null;
  /** What is done with the recipe once the engine is open: it is trained, or taken one step and held there. */
  start: (typeof STARTS)[number] | null;
  seed: number | 'random' | null;
  faults: StudioError[];
}

/** @param get the value of a name in the address, as URLSearchParams gives it */
export function readAddress(get: (name: string) => string | null): AddressState {
  const faults: StudioError[] = [];
  const fault = (field: string, value: string, accepted: string): null => {
    faults.push(addressFault(field, value, accepted));
    return null;
  };
  const choice = <Value extends string>(name: string, accepted: readonly Value[]): Value | null => {
    const value = get(name);
    if (value === null) return null;
    return accepted.find((one) => one === value) ?? fault(name, value, accepted.join(' | '));
  };
  const embed = choice('embed', ['1', '0']);
  const run = get('run');
  return {
    language: choice('lang', LANGUAGES),
    theme: choice('theme', THEMES),
    hide: hidden(get('hide'), fault),
    embed: embed === null ? null : embed === '1',
    // A run's id has a dash in it; a word without one was meant as a word.
    start:
      run === null || run.includes('-') ? null : (STARTS.find((one) => one === run) ?? fault('run', run, [...STARTS, 'id'].join(' | '))),
    seed: seedOf(get('seed'), fault),
    faults,
  };
}

export function addressFault(field: string, value: string, accepted: string): StudioError {
  const shown = value.length > 40 ? `${value.slice(0, 40)}…` : value;
  return new StudioError('address-invalid', `The address says ${field}=${shown}; accepted: ${accepted}`, { field, value: shown, accepted });
}

type Fault = (field: string, value: string, accepted: string) => null;

function hidden(value: string | null, fault: Fault): DeskPart[] | null {
  if (value === null) return null;
  const names = value.split(',').filter((name) => name !== '');
  const unknown = names.filter((name) => !DESK_PARTS.some((part) => part === name));
  if (unknown.length > 0) fault('hide', unknown.join(','), DESK_PARTS.join(' | '));
  return DESK_PARTS.filter((part) => names.includes(part));
}

function seedOf(value: string | null, fault: Fault): AddressState['seed'] {
  if (value === null || value === 'random') return value;
  const seed = /^\d{1,10}$/.test(value) ? Number(value) : NaN;
  return seed <= LARGEST_SEED ? seed : fault('seed', value, `0 … ${LARGEST_SEED} | random`);
}
