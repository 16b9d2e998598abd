/** Storage of zustand's `persist` for keys that hold a bare value, without the middleware's envelope of state and version. */
import type { PersistStorage } from 'zustand/middleware';

/**
 * A value that a change of the rest of the store leaves as it is, is not written again. One that the browser does not store holds for
 * this visit.
 * @param initial what the store holds where nothing is stored
 */
export function plainStorage<State>(initial: State, read: (text: string) => State, write: (state: State) => string): PersistStorage<State> {
  let kept = write(initial);
  return {
    getItem(name) {
      const text = stored(name);
      if (text === null) return null;
      const state = read(text);
      kept = write(state);
      return { state };
    },
    setItem(name, { state }) {
      const text = write(state);
      if (text === kept) return;
      kept = text;
      try {
        localStorage.setItem(name, text);
      } catch {
        // The quota is used up, or the page may not store anything.
      }
    },
    removeItem: (name) => localStorage.removeItem(name),
  };
}

/** Null also where the page may not read what is stored. */
function stored(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}
