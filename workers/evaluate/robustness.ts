/** Bits per byte of held-out text with rising noise: characters disturbed, words deleted, exchanged for synonyms, or for words that the base finds hard. */
import type { MeasuredChannel, NoiseKind, RobustnessCurve } from '../../src/contract/evaluation';
import { noiseIntervals, type NoisySums } from '../../src/core/metrics/text-measure';
import { deriveSeed, Rng } from '../../src/core/rng/rng';
import { addNoise, ADVERSARIAL_LEVELS, COMMON_SYNONYMS, deleteWords, Synonyms } from '../../src/core/text/perturb';
import { adversarialTexts, type AdversarialTexts } from '../runtime/adversarial';
import { sequenceLosses } from '../runtime/sequences';
import { utf8Length } from '../tokenizer/encode-documents';
import { heldOutTexts, spreadDocuments } from '../runtime/channel-tokens';
import type { LoadedWeights } from '../runtime/weights';
import { eachModel, withProgress, SEED, type EvaluationTools } from './each-model';

/** Share of characters or words that are changed: those of the adversarial set. */
const NOISE_LEVELS = [...ADVERSARIAL_LEVELS];

/** @param count most documents of each channel */
export async function evaluateRobustness(
  channels: readonly MeasuredChannel[],
  count: number,
  tools: EvaluationTools,
): Promise<RobustnessCurve[]> {
  const synonyms = new Synonyms(COMMON_SYNONYMS);
  const changes: Record<Exclude<NoiseKind, 'adversarial'>, (text: string, rate: number, random: Rng) => string> = {
    characters: addNoise,
    deletion: deleteWords,
    synonym: (text, rate, random) => synonyms.swap(text, rate, random),
  };
  const drawn = Object.keys(changes) as (keyof typeof changes)[];
  const kinds: NoiseKind[] = [...drawn, 'adversarial'];
  /** [kind][model][level] */
  const sums = kinds.map((): NoisySums[][] => []);
  let texts: string[] | null = null;
  /** Made against the base, the same for all. */
  let hard: AdversarialTexts | null = null;
  await eachModel(tools, async (weights, model, progress) => {
    const { tokenizer } = weights.tokenizer;
    texts ??= await heldOut(weights, channels, count, tools);
    const noisy = NOISE_LEVELS.filter((level) => level > 0);
    // Making the adversarial set takes about as long as reading all the others.
    const making = hard === null ? 0.5 : 0;
    const passes = 2 + kinds.length * noisy.length;
    let pass = 0;
    const sumsOf = async (read: readonly string[]): Promise<NoisySums> => {
      const sequences = read.map((text) => [tokenizer.startOfText, ...tokenizer.encode(text)]);
      const options = withProgress(tools.work, (done) => progress(((1 - making) * (pass + done)) / passes));
      const losses = await sequenceLosses(model, sequences, options);
      pass += 1;
      // Bytes of the text itself, which a tokenizer may read as other text.
      return { nll: losses.map((own) => own.reduce((sum, loss) => sum + loss, 0)), bytes: read.map(utf8Length) };
    };
    const clean = await sumsOf(texts);
    for (const [place, kind] of drawn.entries()) {
      const levels = [clean];
      for (const level of noisy)
        levels.push(await sumsOf(texts.map((text, at) => changes[kind](text, level, new Rng(deriveSeed(SEED, kind, level, at))))));
      sums[place]!.push(levels);
    }
    hard ??= await adversarialTexts(
      weights.model,
      tokenizer,
      texts,
      withProgress(tools.work, () => progress(1 - making)),
    );
    const levels: NoisySums[] = [];
    for (const read of hard) levels.push(await sumsOf(read));
    sums.at(-1)!.push(levels);
  });
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  return kinds.map((kind, place) => ({
    kind,
    levels: NOISE_LEVELS,
    bitsPerByte: sums[place]!.map((levels) => levels.map(({ nll, bytes }) => total(nll) / (total(bytes) * Math.LN2))),
    intervals: noiseIntervals(sums[place]!),
  }));
}

/** Held-out documents of all channels, evenly spread, as they are kept. */
async function heldOut(
  weights: LoadedWeights,
  channels: readonly MeasuredChannel[],
  count: number,
  tools: EvaluationTools,
): Promise<string[]> {
  const read = await tools.read(weights, channels);
  const texts = channels.map(({ corpus }, at) => heldOutTexts(corpus, spreadDocuments(read[at]!.heldOut.starts.length, count)));
  return (await Promise.all(texts)).flat();
}
