/** Largest sizes that a config may claim: far beyond what a browser holds, and small enough that no product of them overflows. */
export const limits = {
  vocabulary: 2 ** 20,
  hidden: 2 ** 16,
  feedForward: 2 ** 18,
  layers: 512,
  heads: 1024,
  headSize: 4096,
  context: 2 ** 24,
} as const;
