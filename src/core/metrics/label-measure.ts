/**
 * What a classifier gets right: accuracy, precision, recall and F1 by label, micro and macro, the confusion matrix, and calibration. As scikit-learn
 * counts them, a label that is never predicted has precision 0. Calibration: expected calibration error over ten bins of confidence (Guo et al. 2017,
 * arXiv 1706.04599).
 */

/** Rows of a classifier, by index. */
export interface LabelRows {
  /** Names, in the order of the probabilities. */
  labels: readonly string[];
  /** Index of each row's own label. */
  truth: readonly number[];
  /** [rows][labels] */
  probabilities: readonly (readonly number[])[];
}

interface LabelScores {
  precision: number;
  recall: number;
  f1: number;
}

interface ReliabilityBin {
  /** Of confidence, from 0 to 1. */
  from: number;
  rows: number;
  /** Means over the bin's rows; 0 where it has none. */
  confidence: number;
  accuracy: number;
}

export interface LabelMeasure {
  rows: number;
  accuracy: number;
  /** nats */
  logLoss: number;
  perLabel: (LabelScores & { label: string; rows: number })[];
  micro: LabelScores;
  macro: LabelScores;
  /** [own label][predicted label]: rows by index. */
  confusion: number[][][];
  bins: ReliabilityBin[];
  calibrationError: number;
}

const BINS = 10;

export function predictedLabel(probabilities: readonly number[]): number {
  return probabilities.reduce((best, value, label) => (value > probabilities[best]! ? label : best), 0);
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
const f1Of = (precision: number, recall: number): number => ratio(2 * precision * recall, precision + recall);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export function measureLabels({ labels, truth, probabilities }: LabelRows): LabelMeasure {
  const confusion: number[][][] = labels.map(() => labels.map(() => []));
  const bins = Array.from({ length: BINS }, (_, at) => ({ from: at / BINS, rows: 0, confidence: 0, accuracy: 0 }));
  let right = 0;
  let nll = 0;
  truth.forEach((own, row) => {
    const predicted = predictedLabel(probabilities[row]!);
    const confidence = probabilities[row]![predicted]!;
    confusion[own]![predicted]!.push(row);
    const hit = predicted === own ? 1 : 0;
    right += hit;
    nll -= Math.log(Math.max(probabilities[row]![own]!, Number.MIN_VALUE));
    const bin = bins[Math.min(BINS - 1, Math.floor(confidence * BINS))]!;
    bin.rows++;
    bin.confidence += confidence;
    bin.accuracy += hit;
  });
  const rows = truth.length;
  const perLabel = labels.map((label, at) => {
    const own = sum(confusion[at]!.map(({ length }) => length));
    const said = sum(confusion.map((row) => row[at]!.length));
    const hits = confusion[at]![at]!.length;
    const [precision, recall] = [ratio(hits, said), ratio(hits, own)];
    return { label, rows: own, precision, recall, f1: f1Of(precision, recall) };
  });
  // Of single labels micro precision, recall and F1 are the accuracy.
  const accuracy = ratio(right, rows);
  const micro = { precision: accuracy, recall: accuracy, f1: accuracy };
  // Labels that stand nowhere count in no mean, as in scikit-learn.
  const met = perLabel.filter((_, at) =>
    confusion.some((row, own) => row[at]!.length > 0 || (own === at && row.some(({ length }) => length > 0))),
  );
  const mean = (name: keyof LabelScores) => ratio(sum(met.map((scores) => scores[name])), met.length);
  const macro = { precision: mean('precision'), recall: mean('recall'), f1: mean('f1') };
  for (const bin of bins) {
    bin.confidence = ratio(bin.confidence, bin.rows);
    bin.accuracy = ratio(bin.accuracy, bin.rows);
  }
  const calibrationError = ratio(sum(bins.map((bin) => bin.rows * Math.abs(bin.accuracy - bin.confidence))), rows);
  return { rows, accuracy, logLoss: ratio(nll, rows), perLabel, micro, macro, confusion, bins, calibrationError };
}

/** Pairs of own and predicted label that were mistaken, the most frequent first, the surest mistakes of each first. */
export function mistakes(
  { labels, probabilities }: LabelRows,
  { confusion }: LabelMeasure,
): { own: number; predicted: number; rows: number[] }[] {
  const surest = (predicted: number) => (a: number, b: number) => probabilities[b]![predicted]! - probabilities[a]![predicted]!;
  return labels
    .flatMap((_, own) =>
      labels.map((__, predicted) => ({ own, predicted, rows: [...confusion[own]![predicted]!].sort(surest(predicted)) })),
    )
    .filter(({ own, predicted, rows }) => own !== predicted && rows.length > 0)
    .sort((a, b) => b.rows.length - a.rows.length || a.own - b.own || a.predicted - b.predicted);
}
