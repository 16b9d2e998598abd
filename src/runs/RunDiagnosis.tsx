/** The stored run's diagnosis; a change goes to the desk, for a new run. */
import { lazy, Suspense } from 'react';
import { useLocation } from 'wouter';
import type { RunSnapshot } from '../core/run/types';
import { handToDesk } from '../lab/next-recipe';
import { Skeleton } from '../ui/Skeleton';

const Diagnosis = lazy(() => import('../diagnosis/Diagnosis'));

export function RunDiagnosis({ snapshot }: { snapshot: RunSnapshot }) {
  const [, navigate] = useLocation();
  return (
    <Suspense fallback={<Skeleton lines={3} />}>
      <Diagnosis
        snapshot={snapshot}
        onApply={({ recipe, changes }) => {
          handToDesk({ recipe, changes });
          navigate('/desk');
        }}
      />
    </Suspense>
  );
}
