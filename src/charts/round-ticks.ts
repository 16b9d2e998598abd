/** Ticks that a person reads at a glance: 1, 2 or 5 times a power of ten apart. */

/** The least round step that is no smaller than the one given. */
export function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const leading = rough / power;
  return power * (leading <= 1 ? 1 : leading <= 2 ? 2 : leading <= 5 ? 5 : 10);
}

/** Round values within [low, high], about `count` of them, and the digits after the point that tell them apart. */
export function roundTicks(low: number, high: number, count: number): { ticks: number[]; digits: number } {
  const step = roundStep((high - low) / count);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const ticks = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => Number(((first + at) * step).toFixed(digits)));
  return { ticks, digits };
}
