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
  const order = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
  if (temperature === 0) return order[0]!;
  const kept = topK > 0 ? order.slice(0, topK) : order;
  const largest = logits[order[0]!]!;
  const weights = kept.map((token) => Math.exp((logits[token]! - largest) / temperature));
  const nucleus = topP < 1 ? prefixReaching(weights, topP * sumOf(weights)) : weights.length;
  const chosen = prefixReaching(weights.slice(0, nucleus), uniform * sumOf(weights.slice(0, nucleus)), true);
  return kept[Math.min(chosen, nucleus) - 1]!;
}

function sumOf(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Length of the shortest prefix, at least 1, whose sum reaches (or passes) the mark. */
function prefixReaching(values: number[], mark: number, past = false): number {
  let total = 0;
  for (const [index, value] of values.entries()) {
    total += value;
    if (past ? total > mark : total >= mark) return index + 1;
  }
  return values.length;
}
