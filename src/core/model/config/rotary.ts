/**
 * Rotary positions, in both spellings: transformers 4 writes `rope_theta` and `rope_scaling`, transformers 5 `rope_parameters`
 * with all of it.
 */
import type { ConfigFields } from './fields';
import type { Positions, RotaryScaling } from './model-config';

interface RotaryDefaults {
  headSize: number;
  context: number;
  /** In families where a part of each head may turn; in the others all of it does. */
  partial?: { field: string; absent: number };
  /** Another name of `rope_theta`. */
  theta?: string;
}

/** Values of `rope_parameters` come before those at the top, as in transformers. */
export function readRotary(fields: ConfigFields, { headSize, context, partial, theta = 'rope_theta' }: RotaryDefaults): Positions {
  const [older, newer] = [fields.inner('rope_scaling'), fields.inner('rope_parameters')];
  if (older && newer) fields.refuse('rope_scaling', 'null where there are rope_parameters');
  const inner = newer ?? older;
  const outerTheta = either(fields, theta, 'rope_theta', 10_000);
  const positions: Positions = {
    kind: 'rotary',
    theta: inner?.positive('rope_theta', outerTheta) ?? outerTheta,
    dimensions: readDimensions(fields, inner, headSize, partial),
    scaling: inner && readScaling(inner, context),
  };
  inner?.finish();
  return positions;
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

function readScaling(inner: ConfigFields, context: number): RotaryScaling | null {
  // Old files say `type`; where both stand, `rope_type` counts.
  const field = inner.raw('rope_type') === null && inner.raw('type') !== null ? 'type' : 'rope_type';
  inner.raw('type');
  const kind = inner.choice(field, 'default', { default: 'default', linear: 'linear', llama3: 'llama3' } as const);
  if (kind === 'default') return null;
  const factor = inner.positive('factor');
  if (kind === 'linear') return { kind, factor };
  const lowFrequency = inner.positive('low_freq_factor');
  const highFrequency = inner.positive('high_freq_factor');
  if (highFrequency <= lowFrequency) inner.refuse('high_freq_factor', `a number above low_freq_factor (${lowFrequency})`);
  const originalContext = inner.count('original_max_position_embeddings', 2 ** 24, context);
  return { kind, factor, lowFrequency, highFrequency, originalContext };
}
