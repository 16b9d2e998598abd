/**
 * What families share in how their config.json describes attention: heads, sliding windows and rotary positions. The latter have two
 * spellings: transformers 4 writes `rope_theta` and `rope_scaling`, transformers 5 `rope_parameters` with all of it.
 */
import { limits, type ConfigFields } from './fields';
import type { Positions, RotaryScaling } from './model-config';

const ORIGINAL = 'original_max_position_embeddings';

interface RotaryDefaults {
  headSize: number;
  context: number;
  /** In families where a part of each head may be rotated; in the others all of it is. */
  partial?: { field: string; absent: number };
  /** Another name of `rope_theta`. */
  theta?: string;
}

/**
 * Values inside `rope_parameters` or `rope_scaling` come before those at the top. A file that went through both versions of transformers
 * has both objects; they must say the same.
 */
export function readRotary(fields: ConfigFields, defaults: RotaryDefaults): Positions {
  const [older, newer] = ['rope_scaling', 'rope_parameters'].map((field) => readRotaryObject(fields, field, defaults));
  if (older && newer && JSON.stringify(older) !== JSON.stringify(newer))
    fields.refuse('rope_scaling', `what rope_parameters says (${JSON.stringify(fields.raw('rope_parameters'))}), or one of the two alone`);
  return older ?? newer ?? rotaryPositions(fields, null, defaults);
}

/** Null where the field is absent, null or an empty object. */
function readRotaryObject(fields: ConfigFields, field: string, defaults: RotaryDefaults): Positions | null {
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
  { headSize, context, partial, theta = 'rope_theta' }: RotaryDefaults,
): Positions {
  const outerTheta = either(fields, theta, 'rope_theta', 10_000);
  return {
    kind: 'rotary',
    theta: inner?.positive('rope_theta', outerTheta) ?? outerTheta,
    dimensions: readDimensions(fields, inner, headSize, partial),
    scaling: inner && readScaling(fields, inner, context),
  };
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
function readScaling(fields: ConfigFields, inner: ConfigFields, context: number): RotaryScaling | null {
  // Old files say `type`; where both stand, `rope_type` counts.
  const field = inner.has('rope_type') && inner.raw('rope_type') !== null ? 'rope_type' : 'type';
  const kind = inner.choice(field, 'default', { default: 'default', linear: 'linear', llama3: 'llama3' } as const);
  if (inner.same('type', 'rope_type')) inner.raw('type');
  if (kind === 'default') return null;
  const factor = inner.positive('factor');
  if (kind === 'linear') return { kind, factor };
  const lowFrequency = inner.positive('low_freq_factor');
  const highFrequency = inner.positive('high_freq_factor');
  if (highFrequency <= lowFrequency) inner.refuse('high_freq_factor', `a number above low_freq_factor (${lowFrequency})`);
  // At the top it comes first here, unlike the other values.
  const originalContext = fields.count(ORIGINAL, 2 ** 24, inner.count(ORIGINAL, 2 ** 24, context));
  return { kind, factor, lowFrequency, highFrequency, originalContext };
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
