/** What the forms of chains and pipelines have in common: recipes that a stage can have, and buttons that move and remove stages. */
import { ActionIcon } from '@mantine/core';
import { ArrowDown, ArrowUp, Trash2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Recipe } from '../core/recipe/schema';
import { titleOf, usePresets } from './Recipe';
import { useRuns } from './store';
import styles from './Lifelong.module.css';

/** Presets that can be trained, then the recipes of runs that are no stages themselves. */
export function useStageRecipes(): { id: string; recipe: Recipe; label: string }[] {
  const { i18n } = useTranslation();
  const { presets } = usePresets();
  const runs = useRuns((state) => state.runs);
  return [
    ...presets.flatMap(({ id, recipe }) => (recipe.runnable ? [{ id, recipe, label: titleOf(recipe, presets, i18n.language) ?? id }] : [])),
    ...runs.flatMap(({ id, name: label, recipe, chain }) => (chain ? [] : [{ id: `run:${id}`, recipe, label }])),
  ];
}

interface Props<Stage> {
  stages: readonly Stage[];
  /** Of the stage that the buttons stand beside. */
  at: number;
  onChange(stages: Stage[]): void;
}

/** Up, down, away; the last one stays. */
export function StageButtons<Stage>({ stages, at, onChange }: Props<Stage>) {
  const { t } = useTranslation('runs');
  const moved = (to: number) => stages.toSpliced(at, 1).toSpliced(to, 0, stages[at]!);
  const button = { size: 'sm', variant: 'subtle' } as const;
  return (
    <div className={styles.buttons}>
      <ActionIcon {...button} disabled={at === 0} aria-label={t('chain.up', { stage: at + 1 })} onClick={() => onChange(moved(at - 1))}>
        <ArrowUp size={13} />
      </ActionIcon>
      <ActionIcon
        {...button}
        disabled={at === stages.length - 1}
        aria-label={t('chain.down', { stage: at + 1 })}
        onClick={() => onChange(moved(at + 1))}
      >
        <ArrowDown size={13} />
      </ActionIcon>
      <ActionIcon
        {...button}
        disabled={stages.length === 1}
        aria-label={t('chain.remove', { stage: at + 1 })}
        onClick={() => onChange(stages.toSpliced(at, 1))}
      >
        <Trash2 size={13} />
      </ActionIcon>
    </div>
  );
}
