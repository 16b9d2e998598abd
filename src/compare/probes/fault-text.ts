/** What is wrong with a line of a probe file, in the person's language; what a parser said stays as it said it. */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { ProbeFault } from '../../core/probes/probe';

export function useFaultText(): (fault: ProbeFault) => string {
  const { t } = useTranslation('measures');
  return useCallback((fault) => t(`probes.fault.${fault.kind}`, { ...fault }), [t]);
}
