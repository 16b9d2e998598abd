/**
 * What a person can do here by the palette or by a key. A component offers its commands as long as it is shown; the palette lists
 * them all, and one listener gives those whose keys are pressed, except while a person types.
 */
import { useEffect, useLayoutEffect, useRef } from 'react';
import { create } from 'zustand';

/** In the palette's order. */
export const COMMAND_GROUPS = ['run', 'recipe', 'page', 'preset', 'go', 'view', 'help'] as const;

export interface Command {
  id: string;
  group: (typeof COMMAND_GROUPS)[number];
  title: string;
  /** "Space", "S", "mod+Z": each is one way to give it. `mod` is Ctrl, or ⌘ on a Mac. */
  keys?: readonly string[];
  /** It cannot be given now; in words where there is a reason to tell. */
  blocked?: string | boolean | null;
  run(): void;
}

const offered = new Map<string, { current: readonly Command[] }>();
/** Counts offers and their ends, for who shows what is offered. */
const useOffers = create<{ count: number }>(() => ({ count: 0 }));
const recount = () => useOffers.setState(({ count }) => ({ count: count + 1 }));

/** Offers these commands while the component is mounted. @param source names them together: a later offer takes its place */
export function useCommands(source: string, commands: readonly Command[]): void {
  const latest = useRef(commands);
  useLayoutEffect(() => {
    latest.current = commands;
  });
  useEffect(() => {
    offered.set(source, latest);
    recount();
    return () => {
      if (offered.get(source) === latest) offered.delete(source);
      recount();
    };
  }, [source]);
}

/** All that is offered now, by group. */
function commandsNow(): Command[] {
  const all = [...offered.values()].flatMap(({ current }) => current);
  return all.sort((a, b) => COMMAND_GROUPS.indexOf(a.group) - COMMAND_GROUPS.indexOf(b.group));
}

/** The same, read again when a component comes or goes. */
export function useOffered(): Command[] {
  useOffers();
  return commandsNow();
}

/** What is open above the page: the palette, or the list of keys. */
export const usePalette = create<{ open: 'commands' | 'keys' | null }>(() => ({ open: null }));

/** Where a person types, or chooses by typing. */
const FIELDS =
  'input:not([type="checkbox"], [type="radio"], [type="range"], [type="button"], [type="file"]), textarea, select, [contenteditable]:not([contenteditable="false"])';
/** What has a use of its own for a plain key. */
const TAKEN =
  'button, a, summary, [role="slider"], [role="dialog"], [role="menu"], [role="radiogroup"], [role="listbox"], [role="tablist"]';

type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

/** Is this press the written key? A plain key is the same with and without Shift. */
export function isKey(written: string, { key, ctrlKey, metaKey, altKey, shiftKey }: Pressed): boolean {
  const parts = written.split('+');
  const name = parts.at(-1)!;
  const mod = parts.includes('mod');
  if (altKey || mod !== (ctrlKey || metaKey) || (mod && parts.includes('shift') !== shiftKey)) return false;
  return (name === 'Space' ? ' ' : name.toLowerCase()) === key.toLowerCase();
}

/** The command of a press; null where it has none, or belongs to a field or a control. */
function commandOf(event: KeyboardEvent): Command | null {
  if (event.repeat || event.isComposing || event.defaultPrevented) return null;
  const { target } = event;
  const at = target instanceof Element ? target : null;
  if (at?.closest(FIELDS)) return null;
  const plain = !(event.ctrlKey || event.metaKey);
  // A slider has no use for letters and Space, so that the transport keeps them there.
  if (plain && at?.getAttribute('role') !== 'slider' && at?.closest(TAKEN)) return null;
  return commandsNow().find(({ keys, blocked }) => !blocked && keys?.some((key) => isKey(key, event))) ?? null;
}

/** Listens for the keys of all commands; once, above the pages. */
export function useCommandKeys(): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const command = commandOf(event);
      if (!command) return;
      event.preventDefault();
      command.run();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);
}

const isMac = (): boolean => /Mac|iPhone|iPad/.test(navigator.userAgent);

/** "Ctrl Shift Z", or "⌘ ⇧ Z" on a Mac, one entry a key. */
export function keyCaps(written: string): string[] {
  const caps: Record<string, string> = isMac() ? { mod: '⌘', shift: '⇧' } : { mod: 'Ctrl', shift: 'Shift' };
  return written === '+' ? ['+'] : written.split('+').map((part) => caps[part] ?? part);
}
