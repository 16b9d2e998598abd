/** How fast a run goes: a moving median of times, which one slow step (a compilation, a hidden tab) does not bend. */
const KEPT = 32;

export class Pace {
  private readonly times: number[] = [];

  /** @param ms wall milliseconds */
  add(ms: number): void {
    this.times.push(ms);
    if (this.times.length > KEPT) this.times.shift();
  }

  /** Median milliseconds; null before the first. */
  median(): number | null {
    if (this.times.length === 0) return null;
    const sorted = [...this.times].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  }
}

/** Seconds left: steps, and the evaluations among them. Null before anything was timed. */
export function etaSeconds(
  step: number,
  steps: number,
  evaluationEvery: number,
  stepMs: number | null,
  evaluationMs: number | null,
): number | null {
  if (stepMs === null) return null;
  const left = Math.max(0, steps - step);
  const evaluations = Math.ceil(steps / evaluationEvery) - Math.floor(step / evaluationEvery);
  return (left * stepMs + Math.max(0, evaluations) * (evaluationMs ?? 0)) / 1000;
}
