/** The method of a recipe: presets to begin from, a change of it, and what is said of it. */
import { ALL_LINEAR } from '../model/adapter';
import type { Method, Recipe } from './schema';

/** Methods to begin from. */
const METHOD_PRESETS = {
  qkv: { kind: 'lora', r: 8, alpha: 32, dropout: 0.1, targets: ['q', 'k', 'v'], rankStabilised: false, modulesToSave: [] },
  qkvo: { kind: 'lora', r: 64, alpha: 128, dropout: 0.1, targets: ['q', 'k', 'v', 'o'], rankStabilised: false, modulesToSave: [] },
  all: { kind: 'lora', r: 8, alpha: 16, dropout: 0, targets: [ALL_LINEAR], rankStabilised: false, modulesToSave: [] },
} as const satisfies Record<
  string,
  Readonly<Omit<Method, 'targets' | 'modulesToSave'>> & { targets: readonly string[]; modulesToSave: readonly [] }
>;

export type MethodPreset = keyof typeof METHOD_PRESETS;

export const PRESETS = Object.keys(METHOD_PRESETS) as MethodPreset[];

export function presetMethod(name: MethodPreset): Method {
  const { targets, modulesToSave, ...rest } = METHOD_PRESETS[name];
  return { ...rest, targets: [...targets], modulesToSave: [...modulesToSave] };
}

/** In the names of the literature, the same in every language. */
export function methodLine({ r, alpha, dropout, targets, rankStabilised, modulesToSave }: Method): string {
  const name = rankStabilised ? 'rsLoRA' : 'LoRA';
  const saved = modulesToSave.length > 0 ? ` · modules_to_save ${modulesToSave.join(', ')}` : '';
  return `${name} r ${r} · α ${alpha} · dropout ${dropout} · ${targets.join(', ')}${saved}`;
}

/** The preset with these settings. */
export function presetOf(method: Method): MethodPreset | 'own' {
  return (
    PRESETS.find((name) =>
      Object.entries(METHOD_PRESETS[name]).every(([field, value]) => String(value) === String(method[field as keyof Method])),
    ) ?? 'own'
  );
}

/** A change of the method; null: all weights are trained, which is not written. */
export function withMethod(recipe: Recipe, method: Method | null): Recipe {
  const { method: _, ...rest } = recipe;
  return method ? { ...rest, method } : rest;
}
