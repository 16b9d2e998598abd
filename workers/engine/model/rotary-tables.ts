/** Angles of the rotary embedding, computed in float32 steps as transformers does. */
import type { RotaryScaling } from '../../../src/core/model/config';

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
