/** The run's diagnosis on the desk; a change goes into the recipe for the next run, never into this one. */
import { lazy, memo, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import type { Advice } from '../core/diagnosis/advice';
import type { RunSnapshot } from '../core/run/types';
import { Card } from '../ui/Card';
import { useRecipe } from './recipe-store';
import { DIAGNOSIS } from './SideCard';

const Diagnosis = lazy(() => import('../diagnosis/Diagnosis'));

function apply({ recipe, changes }: Advice): void {
  useRecipe.getState().apply({ recipe, changes });
  // What changed, the way back and the Run button stand at the top.
  window.scrollTo({ top: 0 });
}

export const DeskDiagnosis = memo(function DeskDiagnosis({ snapshot }: { snapshot: RunSnapshot }) {
  const { t } = useTranslation('diagnosis');
  return (
    <div id={DIAGNOSIS} tabIndex={-1}>
      <Card title={t('title')} data-testid="diagnosis">
        <Suspense fallback={null}>
          <Diagnosis snapshot={snapshot} onApply={apply} />
        </Suspense>
      </Card>
    </div>
  );
});
