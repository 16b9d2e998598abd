/** Angles of the rotary embedding, computed in float32 steps as transformers does. */
import { keep, slice, tensor2d } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { ModelConfig, Rotary, RotaryScaling } from '../../../src/core/model/config';

export interface RotaryAngles {
  /** [positions, dimensions], row-major. */
  cos: Float32Array;
  sin: Float32Array;
}

/**
 * Component i and i + d/2 of position p turn by p · f(i), f(i) = θ^(−2i/d), scaled.
 * @param length tokens of the text, of which some kinds of scaling depend
 */
export function rotaryAngles(positions: number, rotary: Rotary, length = positions): RotaryAngles {
  const { dimensions } = rotary;
  const half = dimensions / 2;
  const cos = new Float32Array(positions * dimensions);
  const sin = new Float32Array(positions * dimensions);
  const frequencyOf = frequencies(rotary, length);
  const factor = Math.fround(attentionFactor(rotary.scaling));
  for (let i = 0; i < half; i += 1) {
    const frequency = frequencyOf(i);
    for (let position = 0; position < positions; position += 1) {
      const angle = Math.fround(position * frequency);
      for (const column of [i, i + half]) {
        cos[position * dimensions + column] = Math.cos(angle) * factor;
        sin[position * dimensions + column] = Math.sin(angle) * factor;
      }
    }
  }
  return { cos, sin };
}

function attentionFactor(scaling: RotaryScaling | null): number {
  return scaling && 'attentionFactor' in scaling ? scaling.attentionFactor : 1;
}

/** As transformers' modeling_rope_utils has them, of component i. */
function frequencies({ dimensions, theta, scaling }: Rotary, length: number): (i: number) => number {
  const plain = (base: number) => (i: number) => Math.fround(1 / Math.fround(base ** ((2 * i) / dimensions)));
  const own = plain(theta);
  switch (scaling?.kind) {
    case undefined:
      return own;
    case 'linear':
      return (i) => Math.fround(own(i) / scaling.factor);
    case 'llama3':
      return (i) => blended(own(i), scaling);
    case 'dynamic': {
      const { factor, originalContext } = scaling;
      const stretch = (factor * Math.max(length, originalContext)) / originalContext - (factor - 1);
      return plain(theta * stretch ** (dimensions / (dimensions - 2)));
    }
    case 'longrope': {
      const divisors = length > scaling.originalContext ? scaling.long : scaling.short;
      return (i) => Math.fround(own(i) / divisors[i]!);
    }
    case 'yarn': {
      const [low, high] = yarnRamp(dimensions, theta, scaling);
      return (i) => {
        const divided = Math.min(1, Math.max(0, (i - low) / (high - low)));
        return Math.fround((own(i) / scaling.factor) * divided + own(i) * (1 - divided));
      };
    }
  }
}

/** Components from which on frequencies are more and more divided, and from which on wholly. */
function yarnRamp(dimensions: number, theta: number, { originalContext, fast, slow, truncate }: Yarn): [low: number, high: number] {
  const turning = (times: number) => (dimensions * Math.log(originalContext / (times * 2 * Math.PI))) / (2 * Math.log(theta));
  const [first, last] = truncate ? [Math.floor(turning(fast)), Math.ceil(turning(slow))] : [turning(fast), turning(slow)];
  const [low, high] = [Math.max(first, 0), Math.min(last, dimensions - 1)];
  return [low, low === high ? high + 0.001 : high];
}

type Yarn = Extract<RotaryScaling, { kind: 'yarn' }>;

/** Llama 3.1, after Meta's llama-models. */
function blended(frequency: number, scaling: Extract<RotaryScaling, { kind: 'llama3' }>): number {
  const { factor, lowFrequency, highFrequency, originalContext } = scaling;
  const divided = Math.fround(frequency / factor);
  const wave = Math.fround((2 * Math.PI) / frequency);
  if (wave < originalContext / highFrequency) return frequency;
  if (wave > originalContext / lowFrequency) return divided;
  const turnsSeen = Math.fround(originalContext / wave);
  const kept = Math.fround(Math.fround(turnsSeen - lowFrequency) / (highFrequency - lowFrequency));
  const shortened = Math.fround(Math.fround(Math.fround(1 - kept) * frequency) / factor);
  return Math.fround(shortened + Math.fround(kept * frequency));
}

/** Positions that the tables start with: more than most runs use, and far fewer than some models name as their longest. */
const FIRST_POSITIONS = 512;

/** cos and sin of a rotary embedding on the device, as far as they were asked for. */
export class RotaryTables {
  private tables: { cos: Tensor2D; sin: Tensor2D };
  private stretch = 0;

  /** @param context the model's longest text */
  constructor(
    private readonly rotary: Rotary,
    private readonly context: number,
  ) {
    this.tables = this.make(FIRST_POSITIONS, 1);
  }

  /**
   * cos and sin [count, dimensions] of the positions from `first` on.
   * @param text tokens of the text that they stand in; absent: it ends with them
   */
  at(first: number, count: number, text = first + count): Tensor2D[] {
    const end = first + count;
    const stretch = this.stretchOf(text);
    const present = this.tables.cos.shape[0];
    if (end > present || stretch !== this.stretch) {
      this.dispose();
      this.tables = this.make(end > present ? 2 * end : present, text);
      this.stretch = stretch;
    }
    return [this.tables.cos, this.tables.sin].map((table) => slice(table, [first, 0], [count, table.shape[1]]));
  }

  /** Which frequencies a text of so many tokens has: equal numbers, equal frequencies. */
  stretchOf(length: number): number {
    const { scaling } = this.rotary;
    if (scaling?.kind !== 'dynamic' && scaling?.kind !== 'longrope') return 0;
    if (length <= scaling.originalContext) return 0;
    return scaling.kind === 'dynamic' ? length : 1;
  }

  get both(): Tensor2D[] {
    return [this.tables.cos, this.tables.sin];
  }

  dispose(): void {
    this.tables.cos.dispose();
    this.tables.sin.dispose();
  }

  private make(wanted: number, length: number): { cos: Tensor2D; sin: Tensor2D } {
    const positions = Math.min(wanted, this.context);
    const { cos, sin } = rotaryAngles(positions, this.rotary, length);
    const table = (values: Float32Array) => keep(tensor2d(values, [positions, this.rotary.dimensions]));
    return { cos: table(cos), sin: table(sin) };
  }
}

/** Tables of each layer, null where it has none; layers that are rotated alike share them. */
export function rotaryOfLayers({ layers, positions, layerRotary, context }: ModelConfig): (RotaryTables | null)[] {
  const tables = new Map<string, RotaryTables>();
  const tablesOf = (rotary: Rotary | null) => {
    if (!rotary) return null;
    const { theta, dimensions, scaling } = rotary;
    const key = JSON.stringify([theta, dimensions, scaling]);
    const found = tables.get(key) ?? new RotaryTables(rotary, context);
    tables.set(key, found);
    return found;
  };
  const usual = positions.kind === 'rotary' ? positions : null;
  return Array.from({ length: layers }, (_, layer) => tablesOf(layerRotary ? layerRotary[layer]! : usual));
}
