/**
 * Scaled rotary embeddings in GGUF files: linear and YaRN by keys, Llama 3.1's and LongRoPE by tensors with a factor for each frequency,
 * of which the settings of config.json are found again.
 */
import { StudioError } from '../../../src/core/errors';
import type { ModelConfig, RotaryScaling } from '../../../src/core/model/config';
import type { GgufFile } from '../checkpoint/gguf';
import type { GgufEntry } from '../checkpoint/gguf-write';
import type { Keys } from './gguf-architectures';

/** Factors of Llama 3.1's frequencies. */
const FACTORS = 'rope_freqs.weight';
/** LongRoPE's, for texts up to the original context and beyond. */
const [SHORT, LONG] = ['rope_factors_short.weight', 'rope_factors_long.weight'] as const;
export const ropeTensorNames: ReadonlySet<string> = new Set([FACTORS, SHORT, LONG]);

const ORIGINAL = 'rope.scaling.original_context_length';

/**
 * `rope_scaling` of config.json; null where nothing is scaled.
 * @throws StudioError `config-unsupported`
 */
export async function readScaling(
  { tensors }: GgufFile,
  keys: Keys,
  { theta, dimensions, context }: { theta: number; dimensions: number; context: number },
): Promise<Record<string, unknown> | null> {
  const factors = await tensors.get(FACTORS)?.read();
  if (factors) {
    const found = llama3Scaling(factors, theta, dimensions);
    if (!found) {
      const [file, field, value, accepted] = [
        keys.meta.file,
        FACTORS,
        `[${factors.slice(0, 4).join(', ')}, …]`,
        'the factors of rope type llama3',
      ];
      throw new StudioError('config-unsupported', `${file}: ${field} is ${value}; accepted: ${accepted}`, { file, field, value, accepted });
    }
    const { factor, lowFrequency, highFrequency, originalContext } = found;
    return {
      rope_type: 'llama3',
      factor,
      low_freq_factor: lowFrequency,
      high_freq_factor: highFrequency,
      original_max_position_embeddings: originalContext,
    };
  }
  const [short, long] = [await tensors.get(SHORT)?.read(), await tensors.get(LONG)?.read()];
  if (short && long) return { rope_type: 'longrope', short_factor: [...short].map(shortest), long_factor: [...long].map(shortest) };
  // The key of files before 2023-11.
  if (keys.has('rope.scale_linear')) return { rope_type: 'linear', factor: keys.number('rope.scale_linear') };
  const kind = keys.meta.text(keys.of('rope.scaling.type'), 'none');
  if (kind === 'none') return null;
  const original = keys.has(ORIGINAL) ? { original_max_position_embeddings: keys.count(ORIGINAL, context) } : {};
  return { rope_type: kind, factor: keys.number('rope.scaling.factor'), ...(kind === 'linear' ? {} : original) };
}

/**
 * Keys of a scaling, and whether llama.cpp computes it at all.
 * @returns null where it does not
 */
export function scalingEntries(scaling: RotaryScaling | null): GgufEntry[] | null {
  switch (scaling?.kind) {
    case undefined:
    case 'llama3':
      return [];
    case 'linear':
      return [
        ['rope.scaling.type', 'text', 'linear'],
        ['rope.scaling.factor', 'f32', scaling.factor],
      ];
    case 'longrope':
      return [
        ['rope.scaling.type', 'text', 'longrope'],
        [ORIGINAL, 'u32', scaling.originalContext],
        ['rope.scaling.attn_factor', 'f32', scaling.attentionFactor],
      ];
    default:
      return null;
  }
}

/** Tensors that a file of this model has besides its parameters. */
export function ropeTensors({ positions }: ModelConfig): { name: string; data: Float32Array }[] {
  const scaling = positions.kind === 'rotary' ? positions.scaling : null;
  if (positions.kind !== 'rotary' || scaling === null) return [];
  if (scaling.kind === 'llama3') return [{ name: FACTORS, data: llama3Factors(scaling, positions.theta, positions.dimensions) }];
  if (scaling.kind !== 'longrope') return [];
  return [
    { name: LONG, data: Float32Array.from(scaling.long) },
    { name: SHORT, data: Float32Array.from(scaling.short) },
  ];
}

/** A float32 as the shortest decimal number that it is nearest to: 1e-5, not 9.999999747378752e-6. */
export const shortest = (value: number): number => shortestFor(value, (rounded) => Math.fround(rounded) === Math.fround(value));

/** `value` with the fewest digits that will do. */
export function shortestFor(value: number, will: (rounded: number) => boolean): number {
  for (let digits = 1; digits < 9; digits += 1) {
    const rounded = Number(value.toPrecision(digits));
    if (will(rounded)) return rounded;
  }
  return value;
}

type Llama3 = Extract<RotaryScaling, { kind: 'llama3' }>;

/** By how much each frequency is divided, as convert_hf_to_gguf writes it. */
export function llama3Factors(
  { factor, lowFrequency, highFrequency, originalContext }: Llama3,
  theta: number,
  headSize: number,
): Float32Array {
  return Float32Array.from({ length: headSize / 2 }, (_, index) => {
    const wave = 2 * Math.PI * Math.fround(theta ** ((2 * index) / headSize));
    if (wave < originalContext / highFrequency) return 1;
    if (wave > originalContext / lowFrequency) return factor;
    const kept = (originalContext / wave - lowFrequency) / (highFrequency - lowFrequency);
    return 1 / ((1 - kept) / factor + kept);
  });
}

/**
 * The settings of rope type llama3 behind such factors; null where there are none. Between the short and the long waves 1/f is a
 * straight line over 1/wave, from whose slope and height both limits follow but for a common measure: a low limit of 1, or where that
 * gives no whole number of tokens, an original context of 8192. Of a line with one point on it the usual ratio of the limits is taken.
 */
export function llama3Scaling(factors: Float32Array, theta: number, headSize: number): Llama3 | null {
  if (factors.length !== headSize / 2) return null;
  const factor = factors.reduce((most, one) => Math.max(most, one), 1);
  if (factor === 1) return null;
  const between = [...factors].flatMap((one, index) => {
    if (one <= 1 || one >= factor) return [];
    const kept = (1 / one - 1 / factor) / (1 - 1 / factor);
    return [{ turns: 1 / (2 * Math.PI * theta ** ((2 * index) / headSize)), kept }];
  });
  const usual: Llama3 = { kind: 'llama3', factor: shortest(factor), lowFrequency: 1, highFrequency: 4, originalContext: 8192 };
  const candidates = [usual];
  const [first, last] = [between[0], between.at(-1)];
  if (first && last) {
    const slope = first === last ? (first.kept + 1 / 3) / first.turns : (first.kept - last.kept) / (first.turns - last.turns);
    const height = slope * first.turns - first.kept;
    const highFrequency = Math.round((1 + 1 / height) * 1000) / 1000;
    candidates.push({ ...usual, highFrequency, originalContext: Math.round(slope / height) });
    const width = usual.originalContext / slope;
    candidates.push({ ...usual, lowFrequency: height * width, highFrequency: (height + 1) * width });
  }
  const same = (candidate: Llama3) =>
    llama3Factors(candidate, theta, headSize).every((one, index) => Math.abs(one / factors[index]! - 1) < 1e-5);
  return candidates.find(same) ?? null;
}
