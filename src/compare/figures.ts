/** The figures that the page shows now: measured here, else stored by the run. */
import { useMemo } from 'react';
import { useMeasures } from './measures-store';
import { useCompare } from './store';
import { summarise, type ComparedFigures, type ComparisonSummary } from './summary';

export interface ShownFigures extends ComparedFigures {
  summary: ComparisonSummary;
  /** False: of the run itself, without intervals. */
  measured: boolean;
}

export function useFigures(): ShownFigures | null {
  const stored = useCompare((state) => state.stored);
  const measured = useMeasures((state) => state.results.channels);
  return useMemo(() => {
    const figures = measured ?? stored;
    return figures && { ...figures, summary: summarise(figures), measured: measured !== undefined };
  }, [measured, stored]);
}
