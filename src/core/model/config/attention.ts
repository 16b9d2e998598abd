/** What families share in how they describe attention: heads, and sliding windows. */
import type { ConfigFields } from './fields';
import { limits } from './limits';

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

/** `layer_types` where the family has no choice: absent or full attention throughout. */
export function onlyFullAttention(fields: ConfigFields): void {
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
