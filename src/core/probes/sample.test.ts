import { expect, it } from 'vitest';
import type { Probe } from './probe';
import { sampleProbes } from './sample';

const set = (group: string, name: string, count: number) => ({
  group,
  probes: Array.from({ length: count }, (_, at): Probe => ({ kind: 'pair', good: `${name}${at}`, bad: '', group })),
});
const names = (probes: readonly Probe[]) => probes.map((probe) => (probe.kind === 'pair' ? probe.good : ''));

it('spreads a group’s items evenly over each of its sets, and what is left over goes to the first', () => {
  const sets = [set('grammar', 'a', 10), set('grammar', 'b', 9), set('logic', 'c', 4)];
  expect(names(sampleProbes(sets, 5))).toEqual(['a0', 'a3', 'a6', 'b0', 'b4', 'c0', 'c1', 'c2', 'c3']);
});
