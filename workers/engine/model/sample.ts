/** Choosing the next token from logits, on the CPU and in transformers' order: temperature, top-k, top-p. */

export interface SamplingOptions {
  /** 0: always the likeliest token. */
  temperature: number;
  /** Keep the k likeliest; 0 keeps all. */
  topK: number;
  /** Keep the smallest set of likeliest tokens whose probability reaches p (Holtzman et al., arXiv 1904.09751); 1 keeps all. */
  topP: number;
}

/**
 * @param logits one per token
 * @param uniform a number in [0, 1): the only randomness
 */
export function sampleToken(logits: Float32Array, { temperature, topK, topP }: SamplingOptions, uniform: number): number {
  const first = likeliestToken(logits);
  if (temperature === 0) return first;
  const largest = logits[first]!;
  const weights = new Float64Array(logits.length);
  let total = 0;
  for (let token = 0; token < logits.length; token++) total += weights[token] = Math.exp((logits[token]! - largest) / temperature);
  const kept = topK > 0 || topP < 1 ? likeliest(weights, topK, topP, total) : null;
  if (!kept) return passing(weights, uniform * total);
  const own = kept.map((token) => weights[token]!);
  const whole = topK > 0 ? sumOf(own) : total;
  const nucleus = topP < 1 ? own.slice(0, prefixReaching(own, topP * whole)) : own;
  return kept[passing(nucleus, uniform * sumOf(nucleus))]!;
}

/**
 * A token drawn at a temperature above 0, from the first `drawn` tokens, with its log-probability and the entropy of the distribution over all
 * tokens, both in nats and at that temperature.
 */
export function drawToken(
  logits: Float32Array,
  temperature: number,
  uniform: number,
  drawn = logits.length,
): { id: number; logp: number; entropy: number } {
  const largest = logits[likeliestToken(logits)]!;
  const weights = new Float64Array(logits.length);
  let total = 0;
  let expected = 0;
  for (let token = 0; token < logits.length; token++) {
    const above = (logits[token]! - largest) / temperature;
    const weight = Math.exp(above);
    weights[token] = weight;
    total += weight;
    expected += weight * above;
  }
  const own = weights.subarray(0, drawn);
  const id = passing(own, uniform * (drawn === logits.length ? total : own.reduce((sum, weight) => sum + weight, 0)));
  const scale = Math.log(total);
  return { id, logp: (logits[id]! - largest) / temperature - scale, entropy: scale - expected / total };
}

/** Tokens that the two cuts may keep, the likeliest first: to sort a whole vocabulary for each token would take longer than to predict it. */
function likeliest(weights: Float64Array, topK: number, topP: number, total: number): number[] {
  // All tokens below this together have less than 1 − p, so that the others reach p. With the k likeliest alone p is one of their sum.
  const least = topK > 0 ? 0 : ((1 - topP) * total) / weights.length;
  const candidates: number[] = [];
  for (let token = 0; token < weights.length; token++) if (weights[token]! >= least && weights[token]! > 0) candidates.push(token);
  candidates.sort((a, b) => weights[b]! - weights[a]! || a - b);
  return topK > 0 ? candidates.slice(0, topK) : candidates;
}

/** The first of equals. */
function likeliestToken(logits: Float32Array): number {
  let best = 0;
  for (let token = 1; token < logits.length; token++) if (logits[token]! > logits[best]!) best = token;
  return best;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Length of the shortest prefix, at least 1, whose sum reaches the mark. */
function prefixReaching(values: readonly number[], mark: number): number {
  let sum = 0;
  for (const [index, value] of values.entries()) {
    sum += value;
    if (sum >= mark) return index + 1;
  }
  return values.length;
}

/** Index at which the running sum passes the mark; the last with any weight where rounding keeps it below. */
function passing(values: ArrayLike<number>, mark: number): number {
  let sum = 0;
  let last = 0;
  for (let index = 0; index < values.length; index++) {
    if (values[index] === 0) continue;
    last = index;
    sum += values[index]!;
    if (sum > mark) return index;
  }
  return last;
}
