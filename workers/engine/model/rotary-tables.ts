/** Angles of the rotary embedding, computed in float32 steps as transformers does. */

export interface RotaryAngles {
  /** [positions, headSize], row-major. */
  cos: Float32Array;
  sin: Float32Array;
}

/** Component i and i + h/2 of position p turn by p · θ^(−2i/h). */
export function rotaryAngles(positions: number, headSize: number, theta: number): RotaryAngles {
  const half = headSize / 2;
  const cos = new Float32Array(positions * headSize);
  const sin = new Float32Array(positions * headSize);
  for (let i = 0; i < half; i += 1) {
    const frequency = Math.fround(1 / Math.fround(theta ** ((2 * i) / headSize)));
    for (let position = 0; position < positions; position += 1) {
      const angle = Math.fround(position * frequency);
      for (const column of [i, i + half]) {
        cos[position * headSize + column] = Math.cos(angle);
        sin[position * headSize + column] = Math.sin(angle);
      }
    }
  }
  return { cos, sin };
}
