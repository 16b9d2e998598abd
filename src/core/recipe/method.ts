/** The method of a recipe: presets to begin from, a change of it, and what is said of it. */
import { ALL_LINEAR } from '../model/adapter';
import type { Isolation, LoraMethod, Method, PartialMethod, Recipe, SoftMethod, Unfreezing } from './schema';

type Constant<T> = T extends object ? { readonly [Key in keyof T]: Constant<T[Key]> } : T;

/** Methods to begin from. */
const METHOD_PRESETS = {
  qkv: { kind: 'lora', r: 8, alpha: 32, dropout: 0.1, targets: ['q', 'k', 'v'], rankStabilised: false, modulesToSave: [] },
  qkvo: { kind: 'lora', r: 64, alpha: 128, dropout: 0.1, targets: ['q', 'k', 'v', 'o'], rankStabilised: false, modulesToSave: [] },
  all: { kind: 'lora', r: 8, alpha: 16, dropout: 0, targets: [ALL_LINEAR], rankStabilised: false, modulesToSave: [] },
  qlora: {
    kind: 'lora',
    r: 8,
    alpha: 16,
    dropout: 0,
    targets: [ALL_LINEAR],
    rankStabilised: false,
    modulesToSave: [],
    quantisation: 'nf4',
  },
  last: { kind: 'partial', lastLayers: 2, finalNorm: true, head: false, embeddings: false, modules: [] },
  head: { kind: 'partial', lastLayers: 0, finalNorm: false, head: true, embeddings: false, modules: [] },
  probe: { kind: 'partial', lastLayers: 0, finalNorm: false, head: false, embeddings: false, modules: [] },
  unfreezing: {
    ...{ kind: 'partial', lastLayers: 1, finalNorm: true, head: false, embeddings: true, modules: [] },
    unfreezing: { order: 'downwards', layers: 1, every: { unit: 'ratio', value: 0.15 } },
  },
  isolation: {
    ...{ kind: 'partial', lastLayers: 'all', finalNorm: false, head: false, embeddings: false, modules: [] },
    isolation: { unit: 'weights', share: 0.1, by: 'domain', sequences: 64, labels: 'model' },
  },
  prefix: { kind: 'prefix', tokens: 16, init: 'random' },
  prompt: { kind: 'prompt', tokens: 16, init: 'vocabulary' },
  adaption: { kind: 'llama-adapter', tokens: 10, adapterLayers: 2 },
} as const satisfies Record<string, Constant<Method>>;

export type MethodPreset = keyof typeof METHOD_PRESETS;

export const PRESETS = Object.keys(METHOD_PRESETS) as MethodPreset[];

/** Presets of one kind; the first is what the kind begins as. */
export const presetsOf = (kind: Method['kind']): MethodPreset[] => PRESETS.filter((name) => METHOD_PRESETS[name].kind === kind);

export function presetMethod(name: MethodPreset): Method {
  return structuredClone(METHOD_PRESETS[name]) as unknown as Method;
}

/** The preset with these settings. */
export function presetOf(method: Method): MethodPreset | 'own' {
  const fields = (settings: object) => JSON.stringify(Object.entries(settings).sort(([one], [other]) => (one < other ? -1 : 1)));
  return PRESETS.find((name) => fields(METHOD_PRESETS[name]) === fields(method)) ?? 'own';
}

/** In the names of the literature, the same in every language. */
export function methodLine(method: Method): string {
  switch (method.kind) {
    case 'lora':
      return loraLine(method);
    case 'partial':
      return partialLine(method);
    case 'prefix':
    case 'prompt':
    case 'llama-adapter':
      return softLine(method);
  }
}

function loraLine({ r, alpha, dropout, targets, rankStabilised, modulesToSave, quantisation }: LoraMethod): string {
  const scaled = rankStabilised ? 'rsLoRA' : 'LoRA';
  const name = quantisation ? `${scaled} · base ${quantisation}` : scaled;
  const saved = modulesToSave.length > 0 ? ` · modules_to_save ${modulesToSave.join(', ')}` : '';
  return `${name} r ${r} · α ${alpha} · dropout ${dropout} · ${targets.join(', ')}${saved}`;
}

/** So much of a text that a prompt begins as is shown. */
const SHOWN = 40;

function softLine(method: SoftMethod): string {
  switch (method.kind) {
    case 'prefix':
      return `prefix tuning · ${method.tokens} virtual tokens · init ${method.init}`;
    case 'prompt': {
      const { text = '', init, tokens } = method;
      const start = text === '' ? init : JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
      return `prompt tuning · ${tokens} virtual tokens · init ${start}`;
    }
    case 'llama-adapter':
      return `LLaMA-Adapter · ${method.tokens} prompts in the last ${method.adapterLayers} layers`;
  }
}

function partialLine({ lastLayers, finalNorm, head, embeddings, modules, unfreezing, isolation }: PartialMethod): string {
  const layers = lastLayers === 'all' ? 'all layers' : lastLayers > 0 && `last ${lastLayers} layers`;
  const parts = [layers, finalNorm && 'final norm', head && 'head', embeddings && 'embeddings', ...modules];
  const isolated = isolation && `${Number((100 * isolation.share).toPrecision(3))} % of ${isolation.unit}, ${isolatedBy(isolation)}`;
  return [...parts, unfreezing && unfreezingLine(unfreezing), isolated].filter(Boolean).join(' · ');
}

function isolatedBy({ by, against, sequences }: Isolation): string {
  if (by !== 'change') return `Fisher ${by === 'domain' ? 'high on domain' : 'low on general'}`;
  return `largest change ${against === undefined ? `in ${sequences} steps` : `to ${against}`}`;
}

function unfreezingLine(unfreezing: Unfreezing): string {
  if (unfreezing.order === 'named') return unfreezing.stages.map(({ step, modules }) => `step ${step}: ${modules.join(', ')}`).join(' · ');
  const { layers, every } = unfreezing;
  const interval = every.unit === 'steps' ? `${every.value} steps` : `${Number((100 * every.value).toPrecision(3))} % of the steps`;
  return `unfreezing ${layers} every ${interval}`;
}

/** A change of the method; null: all weights are trained, which is not written. */
export function withMethod(recipe: Recipe, method: Method | null): Recipe {
  const { method: _, ...rest } = recipe;
  return method ? { ...rest, method } : rest;
}

/** Is the head trained without the embeddings? Where the base ties the two, the run's model has a head of its own, which begins as the same table. */
export function unties(method: Method | undefined): boolean {
  return method?.kind === 'partial' && method.head && !method.embeddings;
}

/** Kinds whose checkpoints hold an adapter, which PEFT can load. */
export const ADAPTER_KINDS = ['lora', 'prefix', 'prompt', 'llama-adapter'] as const satisfies readonly Method['kind'][];

/** Do checkpoints hold what is trained beside a frozen base alone, instead of a whole model? */
export function addsToBase(method: Method | undefined): method is Exclude<Method, PartialMethod> {
  return method !== undefined && method.kind !== 'partial';
}
