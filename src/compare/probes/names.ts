/** Probe groups, bundled sets and faults of a probe file in words; a person's own groups keep the name that their file gives them. */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { ProbeFault } from '../../core/probes/probe';
import type { ShippedProbeSet } from '../../lab/probe-sets';

const GROUPS = ['grammar', 'commonsense', 'facts', 'logic', 'domain-terms', 'capitals', 'next-line', 'probe'] as const;

export function useGroupName(): (group: string) => string {
  const { t } = useTranslation('measures');
  return useCallback(
    (group) => {
      const known = GROUPS.find((name) => name === group);
      return known ? t(`probes.group.${known}`) : group;
    },
    [t],
  );
}

/** Two of the shipped sets share a group and a language. */
const SETS = ['en-us-state-capitals', 'en-world-capitals'] as const;

export function useSetName(): (set: ShippedProbeSet) => string {
  const { t } = useTranslation('measures');
  const groupName = useGroupName();
  return useCallback(
    ({ id, group }) => {
      const known = SETS.find((name) => name === id);
      return known ? t(`probes.set.${known}`) : groupName(group);
    },
    [t, groupName],
  );
}

/** What is wrong with a line of a probe file, in the person's language; what a parser said stays as it said it. */
export function useFaultText(): (fault: ProbeFault) => string {
  const { t } = useTranslation('measures');
  return useCallback((fault) => t(`probes.fault.${fault.kind}`, { ...fault }), [t]);
}
