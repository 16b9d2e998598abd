/** The presets as the runs page needs them: the titles of recipes, and the one a recipe is compared with. */
import { useEffect, useState } from 'react';
import { errorRecord, type ErrorRecord } from '../core/errors';
import type { Recipe } from '../core/recipe/schema';
import { presets as readPresets, type Preset } from '../lab/presets';

const DEFAULT_PRESET = 'golden-ratio';

export function usePresets(): { presets: readonly Preset[]; error: ErrorRecord | null } {
  const [presets, setPresets] = useState<readonly Preset[]>([]);
  const [error, setError] = useState<ErrorRecord | null>(null);
  useEffect(() => {
    let wanted = true;
    readPresets().then(
      (read) => wanted && setPresets(read),
      (reason: unknown) => wanted && setError(errorRecord(reason)),
    );
    return () => {
      wanted = false;
    };
  }, []);
  return { presets, error };
}

/** What every recipe is compared with. */
export function defaultPreset(presets: readonly Preset[]): Preset | null {
  return presets.find(({ id }) => id === DEFAULT_PRESET) ?? null;
}

/** The title of the preset that a recipe is named after; null for a name of a person's own. */
export function titleOf(recipe: Recipe, presets: readonly Preset[], language: string): string | null {
  const preset = presets.find(({ id }) => id === recipe.name);
  return preset ? presetTitle(preset, language) : null;
}

export function presetTitle(preset: Preset, language: string): string {
  return preset.title[language.startsWith('zh') ? 'zh' : 'en'];
}
