/** How long a token takes to generate: one row through the whole model, keys and values of the text before it being kept. */
import { CachedDecoder, DecoderModel } from '../../workers/engine';
import type { BenchShape } from './shapes';
import { initialWeights, randomBatch } from './step';

/** Milliseconds of each of `tokens` tokens after a text of 16, started over where the context ends. */
export async function generationSpeed(shape: BenchShape, tokens: number): Promise<number[]> {
  const model = new DecoderModel(shape.config, initialWeights(shape));
  const ids = Array.from(randomBatch(shape).ids);
  const times: number[] = [];
  let decoder = new CachedDecoder(model);
  let length = 0;
  while (times.length < tokens) {
    if (length === 0) {
      await decoder.append([ids.slice(0, 16)]);
      length = 16;
    }
    const start = performance.now();
    await decoder.append([[ids[length]!]]);
    times.push(performance.now() - start);
    length += 1;
    if (length < shape.context) continue;
    decoder.dispose();
    decoder = new CachedDecoder(model);
    length = 0;
  }
  decoder.dispose();
  model.dispose();
  return times;
}
