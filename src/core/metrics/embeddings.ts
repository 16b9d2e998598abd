/**
 * Figures of text embeddings, as vectors of length 1: how near two views of a text lie and how evenly texts spread (Wang and Isola, arXiv 2005.10242),
 * and their first two principal components.
 */
import { Rng } from '../rng/rng';

/** Vectors one after the other. */
export interface Vectors {
  width: number;
  values: Float32Array;
}

const row = ({ width, values }: Vectors, at: number): Float32Array => values.subarray(at * width, (at + 1) * width);
export const vectorCount = ({ width, values }: Vectors): number => values.length / width;

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!;
  return sum;
}

/** Mean ‖a − b‖² of vectors of length 1 at the same places; lower is nearer. */
export function alignmentOf(a: Vectors, b: Vectors): number {
  const count = vectorCount(a);
  let sum = 0;
  for (let at = 0; at < count; at++) sum += 2 - 2 * dot(row(a, at), row(b, at));
  return sum / count;
}

/** ln of the mean of e^(−2 ‖a − b‖²) over pairs of vectors of length 1; lower is more even. NaN for fewer than two. */
export function uniformityOf(vectors: Vectors): number {
  const count = vectorCount(vectors);
  let sum = 0;
  for (let one = 0; one < count; one++)
    for (let other = 0; other < one; other++) sum += Math.exp(4 * dot(row(vectors, one), row(vectors, other)) - 4);
  return Math.log((2 * sum) / (count * (count - 1)));
}

/** Rounds of the power iteration: enough for two directions of any text seen. */
const ROUNDS = 100;

/** Places of the vectors along their first two principal components [n·2], by power iteration from a fixed start. */
export function principalPlaces(vectors: Vectors): Float32Array {
  const count = vectorCount(vectors);
  const { width } = vectors;
  const mean = new Float64Array(width);
  for (let at = 0; at < count; at++) row(vectors, at).forEach((value, column) => (mean[column]! += value / count));
  const centred = Array.from({ length: count }, (_, at) => Float64Array.from(row(vectors, at), (value, column) => value - mean[column]!));
  const random = new Rng(1);
  const directions: Float64Array[] = [];
  for (let component = 0; component < 2; component++) {
    let direction = Float64Array.from({ length: width }, () => random.normal());
    for (let round = 0; round < ROUNDS; round++) {
      const next = new Float64Array(width);
      for (const vector of centred) {
        const along = dot(vector, direction);
        for (let column = 0; column < width; column++) next[column]! += along * vector[column]!;
      }
      for (const known of directions) {
        const along = dot(next, known);
        for (let column = 0; column < width; column++) next[column]! -= along * known[column]!;
      }
      const length = Math.sqrt(dot(next, next));
      if (length === 0) break;
      direction = next.map((value) => value / length);
    }
    directions.push(direction);
  }
  return Float32Array.from(centred.flatMap((vector) => directions.map((direction) => dot(vector, direction))));
}
