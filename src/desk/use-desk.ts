/** What the desk does besides drawing: keyboard shortcuts, tokenizing ahead of Run, and the lists of corpora and models. */
import { useEffect, useRef, useState } from 'react';
import { useShallow } from 'zustand/react/shallow';
import { useDevice } from '../lab/device-store';
import { lab } from '../lab/lab';
import { useActive } from './live-settings';
import { useRecipe } from './recipe-store';
import type { CorpusRecord } from '../contract/corpus';
import type { ModelRecord } from '../contract/library';
import type { ChannelText } from '../contract/tokenizer';
import type { SpecialTokens } from '../core/recipe/schema';
import { meetCorpora } from '../channels/channel';
import { useRun } from './run-store';

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

/** Milliseconds that the page has for itself before texts are tokenized. */
const WAIT_MS = 400;

/**
 * Tokenizes the recipe's texts while the person still reads, so that Run starts at once. The shards are those the run itself
 * would make, under the same lock; an error here is left for Run to report.
 */
export function useWarmStart(): void {
  const open = useDevice((state) => state.device.kind === 'open');
  const active = useActive();
  /** The base, then the corpora, each with what becomes of special tokens in it: the same array until one of them changes. */
  const texts = useRecipe(
    useShallow(({ recipe }) =>
      recipe?.runnable
        ? [recipe.base, ...new Set(recipe.channels.map(({ corpus, specialTokens }) => `${corpus} ${specialTokens ?? 'plain'}`))]
        : null,
    ),
  );
  useEffect(() => {
    if (!open || active || texts === null) return;
    const [base = '', ...keys] = texts;
    const corpora = keys.map((key): ChannelText => {
      const [corpus = '', specialTokens] = key.split(' ');
      return { corpus, specialTokens: specialTokens as SpecialTokens };
    });
    const timer = setTimeout(() => {
      lab.tokenizer.prepare(base, corpora, () => {}).catch(() => {});
    }, WAIT_MS);
    return () => clearTimeout(timer);
  }, [open, active, texts]);
}

/** Corpora and models to choose from, read from the library when the desk opens. */
export function useLibrary(): { corpora: readonly CorpusRecord[]; models: readonly ModelRecord[] } {
  const [corpora, setCorpora] = useState<readonly CorpusRecord[]>([]);
  const [models, setModels] = useState<readonly ModelRecord[]>([]);
  useEffect(() => {
    let open = true;
    const { report } = useRun.getState();
    lab.corpus.list().then((found) => {
      meetCorpora(found);
      if (open) setCorpora(found);
    }, report);
    lab.library.models().then((found) => open && setModels(found), report);
    return () => {
      open = false;
    };
  }, []);
  return { corpora, models };
}
