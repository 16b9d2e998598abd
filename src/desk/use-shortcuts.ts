/** Space runs and pauses, S steps; not while a control has the keyboard. */
import { useEffect, useRef } from 'react';

interface Shortcuts {
  toggle(): void;
  step(): void;
}

const TAKEN =
  'input, textarea, select, button, a, summary, [contenteditable], [role="slider"], [role="dialog"], [role="menu"], [role="radiogroup"]';

export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => {
    function onKeyDown(event: KeyboardEvent) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      const takes = event.target instanceof Element && event.target.closest(TAKEN) !== null;
      // A slider has no use for Space and S, so the transport keeps them there.
      const slider = event.target instanceof Element && event.target.getAttribute('role') === 'slider';
      if (takes && !slider) return;
      if (event.key === ' ') latest.current.toggle();
      else if (event.key === 's' || event.key === 'S') latest.current.step();
      else return;
      event.preventDefault();
    }
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);
}
