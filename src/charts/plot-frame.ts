/** Where the curves stand inside the loss chart, in pixels; shared by recharts and by what lies over it. */
export const PLOT = { left: 46, top: 12, bottom: 38, axisHeight: 22 } as const;

export interface PlotFrame {
  width: number;
  height: number;
  /** Room for the labels at the ends of the lines. */
  right: number;
  steps: number;
  min: number;
  max: number;
}

export function plotX(frame: PlotFrame, step: number): number {
  return PLOT.left + (step / Math.max(1, frame.steps)) * (frame.width - PLOT.left - frame.right);
}

export function plotY(frame: PlotFrame, loss: number): number {
  const height = frame.height - PLOT.top - PLOT.bottom;
  return PLOT.top + (1 - (loss - frame.min) / (frame.max - frame.min)) * height;
}

/** Inverse of plotX, clamped to the run. */
export function stepAt(frame: PlotFrame, x: number): number {
  const ratio = (x - PLOT.left) / (frame.width - PLOT.left - frame.right);
  return Math.round(Math.min(1, Math.max(0, ratio)) * frame.steps);
}
