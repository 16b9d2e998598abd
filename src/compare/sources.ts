/** What can be compared, grouped for the pickers, and its names in words. */
import type { WeightsRef } from '../contract/evaluation';
import type { ModelRecord } from '../contract/library';
import type { CheckpointRecord, RunRecord } from '../core/run/types';
import { weightsKey, type CompareAddress } from './address';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { useChannelName, useChannelTag } from '../channels/channel';
import { useFormat } from '../i18n/format';
import type { ComparedChannel } from './figures';

/** What can be compared: base models, and every checkpoint of every run, grouped for the picker. */
export interface WeightsSource {
  key: string;
  weights: WeightsRef;
  /** Model name, or the run's name. */
  name: string;
  /** null for a base model. */
  step: number | null;
  /** The average of the weights at that step. */
  average: boolean;
  reason: CheckpointRecord['reason'] | null;
  at: number | null;
  /** The model whose tokenizer and vocabulary these weights have. */
  base: string;
  run: RunRecord | null;
}

export interface SourceGroup {
  /** `models`, or the run's id. */
  id: string;
  run: RunRecord | null;
  sources: WeightsSource[];
}

/** Models first, then runs from the newest, each with its checkpoints from the last to the first. Runs without one are left out. */
export function groupSources(
  models: ModelRecord[],
  runs: RunRecord[],
  checkpoints: ReadonlyMap<string, CheckpointRecord[]>,
): SourceGroup[] {
  const groups: SourceGroup[] = [
    {
      id: 'models',
      run: null,
      sources: models.map((model) => {
        const weights: WeightsRef = { kind: 'model', model: model.id };
        return {
          key: weightsKey(weights),
          weights,
          name: model.name,
          step: null,
          average: false,
          reason: null,
          at: null,
          base: model.id,
          run: null,
        };
      }),
    },
  ];
  for (const run of newestFirst(runs)) {
    const saved = [...(checkpoints.get(run.id) ?? [])].sort((one, other) => other.step - one.step);
    if (saved.length === 0) continue;
    groups.push({
      id: run.id,
      run,
      sources: saved.flatMap((checkpoint) => {
        const sourceOf = (average: boolean): WeightsSource => {
          const weights: WeightsRef = { kind: 'checkpoint', run: run.id, step: checkpoint.step, ...(average ? { average } : {}) };
          return {
            key: weightsKey(weights),
            weights,
            name: run.name,
            step: checkpoint.step,
            average,
            reason: checkpoint.reason,
            at: checkpoint.at,
            base: run.recipe.base,
            run,
          };
        };
        return checkpoint.average ? [sourceOf(false), sourceOf(true)] : [sourceOf(false)];
      }),
    });
  }
  return groups;
}

export function findSource(groups: readonly SourceGroup[], key: string | null): WeightsSource | null {
  if (key === null) return null;
  for (const group of groups) for (const source of group.sources) if (source.key === key) return source;
  return null;
}

/**
 * The comparison a person most likely wants: the latest run's base model against its last checkpoint. Without a run both
 * sides are the first model, so that the page still shows its numbers.
 */
export function defaultAddress(groups: readonly SourceGroup[]): CompareAddress {
  const models = groups.find((group) => group.run === null)?.sources ?? [];
  const latest = groups.find((group) => group.run !== null)?.sources[0];
  const base = latest ? (models.find((source) => source.base === latest.base) ?? models[0]) : models[0];
  return { a: base?.key ?? latest?.key ?? null, b: latest?.key ?? models[0]?.key ?? null, c: null };
}

function newestFirst(runs: RunRecord[]): RunRecord[] {
  return [...runs].sort((one, other) => other.createdAt - one.createdAt);
}

/** A third to begin with: the latest weights that are neither A nor B, of B's run if it has any. Null where there are no others. */
export function suggestThird(groups: readonly SourceGroup[], { a, b }: CompareAddress): string | null {
  const free = (group: SourceGroup | undefined) => group?.sources.find(({ key }) => key !== a && key !== b)?.key;
  const run = findSource(groups, b)?.run?.id;
  const own = groups.find((group) => group.run !== null && group.run.id === run);
  for (const group of [own, ...groups.filter(({ run }) => run !== null), ...groups]) {
    const key = free(group);
    if (key !== undefined) return key;
  }
  return null;
}

/** "nano, base", "golden ratio · step 1,200", "golden ratio · step 1,200 · average" */
export function useSourceName(): (source: WeightsSource) => string {
  const { t } = useTranslation('compare');
  const format = useFormat();
  return useCallback(
    ({ name, step, average }) =>
      step === null ? t('source.base', { name }) : t(average ? 'source.average' : 'source.step', { name, step: format.count(step) }),
    [t, format],
  );
}

/** Names of a channel: `tag` is the short one that stands in its colour, `name` the full one. */
export function useComparedName(): (channel: ComparedChannel) => { tag: string; name: string } {
  const channelName = useChannelName();
  const channelTag = useChannelTag();
  return useCallback(({ id, corpus }) => ({ tag: channelTag(id), name: channelName(corpus) }), [channelName, channelTag]);
}
