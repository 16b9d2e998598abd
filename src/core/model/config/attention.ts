/**
 * What families share in how their config.json describes attention: heads, sliding windows and rotary positions. The latter have two
 * spellings: transformers 4 writes `rope_theta` and `rope_scaling`, transformers 5 `rope_parameters` with all of it.
 */
import { limits, type ConfigFields } from './fields';
import type { Positions, Rotary, RotaryScaling } from './model-config';

const ORIGINAL = 'original_max_position_embeddings';

export interface RotaryDefaults {
  headSize: number;
  context: number;
  /** In families where a part of each head may be rotated; in the others all of it is. */
  partial?: { field: string; absent: number };
  /** Another name of `rope_theta`. */
  theta?: string;
  /** θ where the file has none; 10,000 if absent. */
  base?: number;
  /** Kinds of scaling that the family has; all if absent. Its own names of them come first. */
  kinds?: Readonly<Record<string, ScalingKind>>;
  /** The family reads `original_max_position_embeddings` at the top alone, and takes this where it is absent. */
  original?: number;
}

type ScalingKind = 'default' | RotaryScaling['kind'];
type RotaryPositions = Extract<Positions, { kind: 'rotary' }>;

const KINDS: Readonly<Record<string, ScalingKind>> = {
  default: 'default',
  linear: 'linear',
  llama3: 'llama3',
  dynamic: 'dynamic',
  yarn: 'yarn',
  longrope: 'longrope',
};

/**
 * Values inside `rope_parameters` or `rope_scaling` come before those at the top. A file that went through both versions of transformers
 * has both objects; they must say the same.
 */
export function readRotary(fields: ConfigFields, defaults: RotaryDefaults): RotaryPositions {
  const [older, newer] = ['rope_scaling', 'rope_parameters'].map((field) => readRotaryObject(fields, field, defaults));
  if (older && newer && JSON.stringify(older) !== JSON.stringify(newer))
    fields.refuse('rope_scaling', `what rope_parameters says (${JSON.stringify(fields.raw('rope_parameters'))}), or one of the two alone`);
  return older ?? newer ?? rotaryPositions(fields, null, defaults);
}

/**
 * Gemma 3's two rotations: `rope_parameters` has an object for each kind of layer; older files have `rope_theta` and `rope_scaling` for
 * the layers of full attention and `rope_local_base_freq` for those with a window.
 */
export function readTwoRotaries(fields: ConfigFields, defaults: RotaryDefaults): { full: RotaryPositions; local: Rotary } {
  const nested = fields.inner('rope_parameters');
  const global = fields.positive('rope_theta', 1_000_000);
  const windowed = fields.positive('rope_local_base_freq', 10_000);
  const within = (kind: string, base: number) => {
    const inner = nested?.inner(kind) ?? null;
    // Nested: transformers does not read `truncate` there, nor the original context of the whole file.
    const found = rotaryPositions(fields, inner, { ...defaults, base, nested: true });
    inner?.finish();
    return found;
  };
  const local = within('sliding_attention', windowed);
  const full = within('full_attention', global);
  nested?.finish();
  const older = fields.inner('rope_scaling');
  if (!older) return { full, local };
  const scaled = rotaryPositions(fields, older, { ...defaults, base: full.theta, nested: true });
  older.finish();
  if (nested?.has('full_attention') && JSON.stringify(scaled) !== JSON.stringify(full))
    fields.refuse('rope_scaling', `what rope_parameters.full_attention says, or one of the two alone`);
  return { full: scaled, local };
}

/** Null where the field is absent, null or an empty object. */
function readRotaryObject(fields: ConfigFields, field: string, defaults: RotaryDefaults): RotaryPositions | null {
  const inner = fields.inner(field);
  if (!inner || JSON.stringify(fields.raw(field)) === '{}') return null;
  // One object per kind of layer, which transformers knows in families whose layers differ.
  inner.absent('full_attention', 'sliding_attention', 'chunked_attention');
  const positions = rotaryPositions(fields, inner, defaults);
  inner.finish();
  return positions;
}

function rotaryPositions(
  fields: ConfigFields,
  inner: ConfigFields | null,
  defaults: RotaryDefaults & { nested?: boolean },
): RotaryPositions {
  const { headSize, partial, theta = 'rope_theta', base = 10_000, nested = false } = defaults;
  const outerTheta = nested ? base : either(fields, theta, 'rope_theta', base);
  const dimensions = readDimensions(fields, inner, headSize, partial);
  const scaling = inner && readScaling(fields, inner, dimensions, defaults);
  return { kind: 'rotary', theta: inner?.positive('rope_theta', outerTheta) ?? outerTheta, dimensions, scaling };
}

/** Two names of one number: where both stand they must agree. */
function either(fields: ConfigFields, field: string, alias: string, absent: number): number {
  const first = fields.positive(field, fields.positive(alias, absent));
  if (fields.raw(alias) !== null && fields.positive(alias) !== first) fields.refuse(alias, `${first}, as ${field} says`);
  return first;
}

function readDimensions(fields: ConfigFields, inner: ConfigFields | null, headSize: number, partial: RotaryDefaults['partial']): number {
  const name = 'partial_rotary_factor';
  if (!partial) {
    for (const place of [fields, inner]) place?.only(name, 1);
    return headSize;
  }
  const outer = either(fields, partial.field, name, partial.absent);
  const dimensions = Math.floor(headSize * (inner?.positive(name, outer) ?? outer));
  if (dimensions >= 2 && dimensions <= headSize && dimensions % 2 === 0) return dimensions;
  const accepted = `a share of the head size (${headSize}) that gives an even whole number`;
  return inner && inner.raw(name) !== null ? inner.refuse(name, accepted) : fields.refuse(partial.field, accepted);
}

/** Keys that transformers does not read for a kind of scaling are left to `finish`, as it only warns of them. */
function readScaling(
  fields: ConfigFields,
  inner: ConfigFields,
  dimensions: number,
  { context, kinds = KINDS, original, nested = false }: RotaryDefaults & { nested?: boolean },
): RotaryScaling | null {
  // Old files say `type`; where both stand, `rope_type` counts.
  const field = inner.has('rope_type') && inner.raw('rope_type') !== null ? 'rope_type' : 'type';
  const kind = inner.choice(field, 'default', kinds);
  if (inner.same('type', 'rope_type')) inner.raw('type');
  if (kind === 'default') return null;
  // At the top it comes first here, unlike the other values.
  const originalContext = () => {
    const own = () => inner.count(ORIGINAL, 2 ** 24, context);
    if (original !== undefined) return fields.count(ORIGINAL, 2 ** 24, original);
    return nested ? own() : fields.count(ORIGINAL, 2 ** 24, own());
  };
  switch (kind) {
    case 'linear':
      return { kind, factor: inner.positive('factor') };
    case 'llama3': {
      const factor = inner.positive('factor');
      const lowFrequency = inner.positive('low_freq_factor');
      const highFrequency = inner.positive('high_freq_factor');
      if (highFrequency <= lowFrequency) inner.refuse('high_freq_factor', `a number above low_freq_factor (${lowFrequency})`);
      return { kind, factor, lowFrequency, highFrequency, originalContext: originalContext() };
    }
    case 'dynamic': {
      // The base's exponent is d/(d − 2).
      if (dimensions <= 2) inner.refuse(field, 'another kind: of each head only two components are rotated');
      return { kind, factor: inner.positive('factor'), originalContext: context };
    }
    case 'yarn':
      return readYarn(inner, originalContext(), context, nested);
    case 'longrope':
      return readLongRope(inner, originalContext(), context, dimensions);
  }
}

/** 1 + 0.1·m·ln s, the growth of the scores that YaRN makes up for. */
const scoreGrowth = (factor: number, scale = 1): number => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);

function readYarn(inner: ConfigFields, originalContext: number, context: number, nested: boolean): RotaryScaling {
  if (!inner.has('factor')) inner.positive('factor');
  const factor = inner.positive('factor', context / originalContext);
  const [scale, scaleAll] = ['mscale', 'mscale_all_dim'].map((field) => inner.optional(field)) as [number | null, number | null];
  const inferred = scale && scaleAll ? scoreGrowth(factor, scale) / scoreGrowth(factor, scaleAll) : scoreGrowth(factor);
  return {
    kind: 'yarn',
    factor,
    originalContext,
    fast: inner.optional('beta_fast') || 32,
    slow: inner.optional('beta_slow') || 1,
    truncate: nested || inner.flag('truncate', true),
    attentionFactor: inner.optional('attention_factor') ?? inferred,
  };
}

function readLongRope(inner: ConfigFields, originalContext: number, context: number, dimensions: number): RotaryScaling {
  const factors = (field: string): number[] => {
    const list = inner.raw(field);
    const fits = Array.isArray(list) && list.length === dimensions / 2;
    if (!fits || !list.every((value): value is number => typeof value === 'number' && Number.isFinite(value) && value > 0))
      return inner.refuse(field, `a list of ${dimensions / 2} numbers above 0`);
    return list;
  };
  const [short, long] = [factors('short_factor'), factors('long_factor')];
  const factor = inner.positive('factor', context / originalContext);
  const inferred = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalContext));
  return { kind: 'longrope', short, long, originalContext, attentionFactor: inner.optional('attention_factor') ?? inferred };
}

/** Longest text, in tokens: the file's, except that dynamic scaling is for texts as many times longer as its factor says. */
export function longestText(context: number, positions: Positions): number {
  const scaling = positions.kind === 'rotary' ? positions.scaling : null;
  return scaling?.kind === 'dynamic' ? Math.min(limits.context, Math.max(context, Math.floor(context * scaling.factor))) : context;
}

/** @param absent key-value heads where the file has no such field; null means one for every head */
export function readHeads(
  fields: ConfigFields,
  { hidden, absent, headSize: defaultSize }: { hidden: number; absent?: number; headSize?: number },
): { heads: number; kvHeads: number; headSize: number } {
  const heads = fields.count('num_attention_heads', limits.heads);
  const kvHeads = fields.count('num_key_value_heads', limits.heads, fields.has('num_key_value_heads') ? heads : (absent ?? heads));
  if (heads % kvHeads !== 0) fields.refuse('num_key_value_heads', `a divisor of num_attention_heads (${heads})`);
  const headSize = (fields.raw('head_dim') as number | null) ?? defaultSize ?? hidden / heads;
  if (!Number.isSafeInteger(headSize) || headSize < 2 || headSize > limits.headSize || headSize % 2 !== 0)
    fields.refuse('head_dim', 'an even whole number; without it, hidden_size must be an even multiple of num_attention_heads');
  return { heads, kvHeads, headSize };
}

/** A window as wide as the longest text hides nothing. */
function effective(window: number | null, context: number): number | null {
  return window !== null && window >= context ? null : window;
}

/** The same for all layers. */
export function everyLayer(window: number | null, layers: number, context: number): (number | null)[] {
  return new Array<number | null>(layers).fill(effective(window, context));
}

/** Families without windows: `layer_types` is absent or full attention throughout, and a `sliding_window` hides nothing. */
export function onlyFullAttention(fields: ConfigFields, context: number): void {
  if (fields.has('sliding_window')) {
    const window = fields.raw('sliding_window');
    if (window !== null && !(typeof window === 'number' && window >= context))
      fields.refuse('sliding_window', `null, or at least the longest sequence (${context})`);
  }
  const kinds = fields.raw('layer_types');
  if (kinds !== null && !(Array.isArray(kinds) && kinds.every((kind) => kind === 'full_attention')))
    fields.refuse('layer_types', 'full_attention in every layer');
}

/** Of each layer a window of `size` or, null, none, as `layer_types` says or else `kindOf`. A window is asked for only where a layer has one. */
export function readLayerTypes(
  fields: ConfigFields,
  layers: number,
  context: number,
  { absent, kindOf }: { absent: number | null; kindOf: (layer: number) => boolean },
): { windowed: boolean[]; windows: (number | null)[] } {
  const kinds: unknown = fields.raw('layer_types') ?? Array.from({ length: layers }, (_, layer) => LAYER_TYPES[Number(kindOf(layer))]);
  if (!Array.isArray(kinds) || kinds.length !== layers || !kinds.every((kind) => LAYER_TYPES.includes(kind as string)))
    return fields.refuse('layer_types', `a list of ${layers}, each ${LAYER_TYPES.join(' or ')}`);
  const windowed = kinds.map((kind) => kind === LAYER_TYPES[1]);
  const given = fields.raw('sliding_window');
  const none = given === null && (fields.has('sliding_window') || absent === null);
  if (none && windowed.includes(true)) fields.refuse('sliding_window', 'a whole number from 1, as layer_types asks for windows');
  const size = none ? null : fields.count('sliding_window', 2 ** 30, absent ?? undefined);
  return { windowed, windows: windowed.map((has) => (has ? effective(size, context) : null)) };
}

const LAYER_TYPES = ['full_attention', 'sliding_attention'];

/** One window in every layer; null: none. */
export function readOneWindow(fields: ConfigFields, layers: number, context: number, absent: number | null): (number | null)[] {
  const none = fields.raw('sliding_window') === null && (fields.has('sliding_window') || absent === null);
  const windows = everyLayer(none ? null : fields.count('sliding_window', 2 ** 30, absent ?? undefined), layers, context);
  // Of no effect where it says what holds anyway; else transformers' cache follows it and its mask does not.
  if (windows.some((window) => window !== null)) fields.absent('layer_types');
  else onlyFullAttention(fields, 0);
  return windows;
}

/**
 * Qwen's windows: none unless `use_sliding_window`; then in the layers that `layer_types` names, or, where the file does not
 * name them, from layer `max_window_layers` on.
 */
export function readLayerWindows(fields: ConfigFields, layers: number, context: number): (number | null)[] {
  const used = fields.flag('use_sliding_window', false);
  const size = fields.raw('sliding_window') === null && fields.has('sliding_window') ? null : fields.count('sliding_window', 2 ** 30, 4096);
  const window = used ? size : null;
  const from = readFirstWindowLayer(fields);
  const kinds = fields.raw('layer_types');
  if (kinds === null) return Array.from({ length: layers }, (_, layer) => (layer >= from ? effective(window, context) : null));
  const accepted = `a list of ${layers}, each full_attention${window === null ? '' : ' or sliding_attention'}`;
  if (!Array.isArray(kinds) || kinds.length !== layers) return fields.refuse('layer_types', accepted);
  return kinds.map((kind) => {
    if (kind === 'full_attention') return null;
    if (kind !== 'sliding_attention' || window === null) return fields.refuse('layer_types', accepted);
    return effective(window, context);
  });
}

function readFirstWindowLayer(fields: ConfigFields): number {
  const value = fields.raw('max_window_layers') ?? 28;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    return fields.refuse('max_window_layers', 'a whole number from 0');
  return value;
}
