/** Angles of the rotary embedding, computed in float32 steps as transformers does. */
import { keep, slice, tensor2d } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Positions, RotaryScaling } from '../../../src/core/model/config';

export interface RotaryAngles {
  /** [positions, dimensions], row-major. */
  cos: Float32Array;
  sin: Float32Array;
}

/** Component i and i + d/2 of position p turn by p · f(i), f(i) = θ^(−2i/d), scaled. */
export function rotaryAngles(positions: number, dimensions: number, theta: number, scaling: RotaryScaling | null = null): RotaryAngles {
  const half = dimensions / 2;
  const cos = new Float32Array(positions * dimensions);
  const sin = new Float32Array(positions * dimensions);
  for (let i = 0; i < half; i += 1) {
    const frequency = scaled(Math.fround(1 / Math.fround(theta ** ((2 * i) / dimensions))), scaling);
    for (let position = 0; position < positions; position += 1) {
      const angle = Math.fround(position * frequency);
      for (const column of [i, i + half]) {
        cos[position * dimensions + column] = Math.cos(angle);
        sin[position * dimensions + column] = Math.sin(angle);
      }
    }
  }
  return { cos, sin };
}

/** As transformers' modeling_rope_utils: "linear", and "llama3" after Meta's llama-models. */
function scaled(frequency: number, scaling: RotaryScaling | null): number {
  if (!scaling) return frequency;
  const divided = Math.fround(frequency / scaling.factor);
  if (scaling.kind === 'linear') return divided;
  const { factor, lowFrequency, highFrequency, originalContext } = scaling;
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

/** cos and sin of a model's positions on the device, as far as they were asked for. */
export class RotaryTables {
  private tables: { cos: Tensor2D; sin: Tensor2D };

  /** @param context the model's longest text */
  constructor(
    private readonly positions: Extract<Positions, { kind: 'rotary' }>,
    private readonly context: number,
  ) {
    this.tables = this.make(FIRST_POSITIONS);
  }

  /** cos and sin [count, dimensions] of the positions from `first` on. */
  at(first: number, count: number): Tensor2D[] {
    if (first + count > this.tables.cos.shape[0]) {
      this.dispose();
      this.tables = this.make(2 * (first + count));
    }
    return [this.tables.cos, this.tables.sin].map((table) => slice(table, [first, 0], [count, table.shape[1]]));
  }

  dispose(): void {
    this.tables.cos.dispose();
    this.tables.sin.dispose();
  }

  private make(wanted: number): { cos: Tensor2D; sin: Tensor2D } {
    const { dimensions, theta, scaling } = this.positions;
    const positions = Math.min(wanted, this.context);
    const { cos, sin } = rotaryAngles(positions, dimensions, theta, scaling);
    const table = (values: Float32Array) => keep(tensor2d(values, [positions, dimensions]));
    return { cos: table(cos), sin: table(sin) };
  }
}
