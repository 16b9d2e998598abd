/** What a person can do on the desk by a button, a key or the palette: the transport, the recipe's edits and its ways out, the density. */
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { create } from 'zustand';
import { persist } from 'zustand/middleware';
import { useShallow } from 'zustand/react/shallow';
import { parseRecipeText } from '../core/recipe/parse';
import type { Recipe } from '../core/recipe/schema';
import { encodeRecipe } from '../core/recipe/share-link';
import { RUN_FILE } from '../core/text/file-name';
import { openRunFiles } from '../lab/desk-recipes';
import { useCommands, type Command } from '../ui/commands';
import { navigate, usePart } from '../ui/hash-location';
import { plainStorage } from '../ui/plain-storage';
import { saveFile } from '../ui/save-file';
import { useRecipe } from './recipe-store';
import { useRun } from './run-store';
import { useTransport } from './use-transport';

export const DENSITIES = ['comfortable', 'compact'] as const;
export type Density = (typeof DENSITIES)[number];

/** A person's choice; null: by the window's height. */
export const useDensityChoice = create(
  persist((): { density: Density | null } => ({ density: null }), {
    name: 'crossfade.density',
    storage: plainStorage<{ density: Density | null }>(
      { density: null },
      (text) => ({ density: DENSITIES.find((known) => known === text) ?? null }),
      ({ density }) => density ?? '',
    ),
  }),
);

/** Below it the chart and the strips do not stand in a window together but closely. */
const LOW = '(max-height: 830px)';

function onLow(callback: () => void): () => void {
  const query = window.matchMedia(LOW);
  query.addEventListener('change', callback);
  return () => query.removeEventListener('change', callback);
}

/** How closely the desk is set. */
export function useDensity(): Density {
  const chosen = useDensityChoice((state) => state.density);
  const low = useSyncExternalStore(onLow, () => window.matchMedia(LOW).matches);
  return chosen ?? (low ? 'compact' : 'comfortable');
}

/** The address becomes the recipe's, and is copied where the browser allows it. @returns whether it was copied */
export async function shareRecipe(recipe: Recipe): Promise<boolean> {
  navigate(`/desk?recipe=${encodeRecipe(recipe)}`, { replace: true });
  return navigator.clipboard.writeText(window.location.href).then(
    () => true,
    () => false,
  );
}

export function downloadRecipe(recipe: Recipe): void {
  saveFile(new Blob([`${JSON.stringify(recipe, null, 2)}\n`], { type: 'application/json' }), `${recipe.name}.recipe.json`);
}

/** The recipe of a file comes onto the desk, a run's file among the runs; what is wrong with it is told here. */
export async function takeRecipeFile(file: File | undefined): Promise<void> {
  if (!file) return;
  const { take, report } = useRecipe.getState();
  try {
    if (file.name.endsWith(RUN_FILE)) navigate(await openRunFiles([file]));
    else take(parseRecipeText(await file.text()));
  } catch (error) {
    report(error);
  }
}

/** Steps back and forth over the recipe's edits, and to the preset as it is; what cannot be done is null. */
export function useRecipeSteps(active: boolean): Record<'undo' | 'redo' | 'preset', (() => void) | null> {
  const { back, forth, edited, presetId } = useRecipe(
    useShallow(({ past, future, edited, presetId }) => ({ back: past.length > 0, forth: future.length > 0, edited, presetId })),
  );
  const { undo, redo, choose } = useRecipe.getState();
  return {
    undo: active || !back ? null : undo,
    redo: active || !forth ? null : redo,
    preset: active || !edited || presetId === null ? null : () => choose(presetId),
  };
}

/** Offers all of it to the palette and the keyboard. */
export function useDeskCommands(): void {
  const { t, i18n } = useTranslation('desk');
  const language = i18n.language === 'zh' ? 'zh' : 'en';
  const transport = useTransport();
  const { recipe, presets } = useRecipe(useShallow(({ recipe, presets }) => ({ recipe, presets })));
  const steps = useRecipeSteps(transport.active);
  const density = useDensity();
  const { active, starting, preparing, blocked, main, held: unreached } = transport;
  // What is hidden or held on the desk is so in the palette.
  const [recipePart, presetPart] = [usePart('recipe'), usePart('preset')];
  const held = { recipe: recipePart.hidden || recipePart.inert, preset: presetPart.hidden || presetPart.inert };
  const commands = useMemo((): Command[] => {
    const onDesk = (act: () => void) => () => {
      if (!window.location.hash.startsWith('#/desk')) navigate('/desk');
      act();
    };
    const { choose } = useRecipe.getState();
    return [
      {
        id: 'toggle',
        group: 'run',
        title: t(`transport.${main}`),
        keys: ['Space'],
        blocked: blocked ?? starting,
        run: onDesk(transport.toggle),
      },
      {
        id: 'step',
        group: 'run',
        title: t('transport.step'),
        keys: ['S'],
        blocked: blocked ?? (starting || main === 'pause'),
        run: onDesk(transport.step),
      },
      { id: 'stop', group: 'run', title: t('transport.stop'), blocked: (!active && !starting) || unreached, run: transport.stop },
      { id: 'save', group: 'run', title: t('transport.save'), blocked: !active || preparing || unreached, run: transport.save },
      ...(transport.resumable
        ? ([
            {
              id: 'resume',
              group: 'run',
              title: t('transport.resumeRun', { step: transport.resumable.step }),
              run: onDesk(transport.resume),
            },
          ] as const)
        : []),
      {
        id: 'undo',
        group: 'recipe',
        title: t('transport.undo'),
        keys: ['mod+Z'],
        blocked: !steps.undo,
        run: onDesk(() => steps.undo?.()),
      },
      {
        id: 'redo',
        group: 'recipe',
        title: t('transport.redo'),
        keys: ['mod+shift+Z', 'mod+Y'],
        blocked: !steps.redo,
        run: onDesk(() => steps.redo?.()),
      },
      { id: 'to-preset', group: 'recipe', title: t('transport.toPreset'), blocked: !steps.preset, run: onDesk(() => steps.preset?.()) },
      { id: 'share', group: 'recipe', title: t('transport.share'), blocked: !recipe, run: () => recipe && void shareRecipe(recipe) },
      { id: 'export-recipe', group: 'recipe', title: t('transport.export'), blocked: !recipe, run: () => recipe && downloadRecipe(recipe) },
      ...presets.map(({ id, title }): Command => ({
        id: `preset-${id}`,
        group: 'preset',
        title: title[language],
        blocked: active,
        run: onDesk(() => choose(id)),
      })),
      ...DENSITIES.map((one): Command => ({
        id: `density-${one}`,
        group: 'view',
        title: t(`density.to.${one}`),
        blocked: density === one,
        run: () => useDensityChoice.setState({ density: one }),
      })),
    ];
  }, [t, language, transport, steps, recipe, presets, density, active, starting, preparing, blocked, main, unreached]);
  useCommands(
    'desk',
    useMemo(
      () => commands.filter(({ group }) => !(group === 'recipe' && held.recipe) && !(group === 'preset' && held.preset)),
      [commands, held.recipe, held.preset],
    ),
  );
}

/** The same on another page: the trainer's run and the presets are asked for, as the desk does. */
export function DeskCommands(): null {
  useEffect(() => {
    useRun.getState().attach();
    void useRecipe.getState().load();
  }, []);
  useDeskCommands();
  return null;
}
