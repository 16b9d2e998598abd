/** The recipe's phases: added, removed, put in another order, and each with its steps, shares, schedule and order of rows. */
import { ActionIcon, Button, TextInput } from '@mantine/core';
import { ArrowDown, ArrowUp, Plus, Trash2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import { moveFader } from '../core/mixture/mixture';
import { plannedSettings, phaseSpans, withPhases } from '../core/recipe/phases';
import type { Phase, Recipe, Schedule } from '../core/recipe/schema';
import { ChoiceField, NumberField, SwitchField } from '../ui/fields';
import { ScheduleFields } from './ScheduleFields';
import styles from './RecipeDrawer.module.css';

interface Props {
  recipe: Recipe;
  edit(change: (recipe: Recipe) => Recipe): void;
}

const MOST = 16;
const ORDERS = ['shuffled', 'difficulty'] as const;
/** Part of the steps that a new last phase takes from the one before it. */
const LAST_PART = 0.2;

/** The phases with another one that decays, which takes its steps from the last. */
function withDecay(recipe: Recipe): Phase[] {
  const phases = recipe.phases ?? [{ steps: recipe.budget.steps }];
  const last = phases.at(-1)!;
  const steps = Math.max(1, Math.round(last.steps * LAST_PART));
  const { schedule } = plannedSettings(recipe, recipe.budget.steps - 1);
  const decay: Schedule = { ...schedule, kind: 'linear', minRatio: 0.1, warmup: { unit: 'steps', value: 0 } };
  return [...phases.slice(0, -1), { ...last, steps: Math.max(1, last.steps - steps) }, { steps, schedule: decay }];
}

export function PhaseFields({ recipe, edit }: Props) {
  const { t } = useTranslation('recipe');
  const set = (phases: readonly Phase[] | null) => edit((current) => withPhases(current, phases));
  const phases = recipe.phases ?? [];
  const swap = (one: number, other: number) =>
    set(phases.map((phase, at) => (at === one ? phases[other]! : at === other ? phases[one]! : phase)));
  return (
    <fieldset>
      <legend>{t('phases.title')}</legend>
      <p className={styles.note}>{t('phases.help')}</p>
      {phaseSpans(recipe).map(
        ({ phase, index }) =>
          phase && (
            <div key={index} className={styles.phase} role="group" aria-label={t('phases.phase', { number: index + 1 })}>
              <div className={styles.phaseHead}>
                <b>{t('phases.phase', { number: index + 1 })}</b>
                <ActionIcon
                  size="sm"
                  variant="subtle"
                  disabled={index === 0}
                  aria-label={t('phases.up', { number: index + 1 })}
                  onClick={() => swap(index, index - 1)}
                >
                  <ArrowUp size={13} />
                </ActionIcon>
                <ActionIcon
                  size="sm"
                  variant="subtle"
                  disabled={index === phases.length - 1}
                  aria-label={t('phases.down', { number: index + 1 })}
                  onClick={() => swap(index, index + 1)}
                >
                  <ArrowDown size={13} />
                </ActionIcon>
                <ActionIcon
                  size="sm"
                  variant="subtle"
                  aria-label={t('phases.remove', { number: index + 1 })}
                  onClick={() => set(phases.filter((_, at) => at !== index))}
                >
                  <Trash2 size={13} />
                </ActionIcon>
              </div>
              <OnePhase
                recipe={recipe}
                index={index}
                phase={phase}
                change={(next) => set(phases.map((one, at) => (at === index ? next : one)))}
              />
            </div>
          ),
      )}
      <Button
        size="xs"
        variant="default"
        leftSection={<Plus size={13} />}
        disabled={phases.length >= MOST || recipe.budget.steps < 2}
        onClick={() => set(withDecay(recipe))}
      >
        {t('phases.add')}
      </Button>
    </fieldset>
  );
}

interface OneProps {
  recipe: Recipe;
  index: number;
  phase: Phase;
  change(next: Phase): void;
}

function OnePhase({ recipe, index, phase, change }: OneProps) {
  const { t } = useTranslation('recipe');
  const { t: common } = useTranslation();
  const tag = useChannelTag();
  const number = index + 1;
  const { shares, schedule, order = 'shuffled' } = phase;
  const planned = plannedSettings(recipe, phaseSpans(recipe)[index]!.start);
  const without = (field: 'shares' | 'schedule' | 'name' | 'order'): Phase => {
    const { [field]: _, ...rest } = phase;
    return rest;
  };
  return (
    <>
      <TextInput
        size="xs"
        label={t('phases.name', { number })}
        value={phase.name ?? ''}
        maxLength={60}
        onChange={(event) => {
          const name = event.currentTarget.value;
          change(name === '' ? without('name') : { ...phase, name });
        }}
      />
      <NumberField
        label={t('phases.steps', { number })}
        value={phase.steps}
        min={1}
        step={10}
        integer
        onChange={(steps) => change({ ...phase, steps })}
      />
      <SwitchField
        label={t('phases.shares')}
        help={t('phases.sharesHelp')}
        checked={shares !== undefined}
        onChange={(on) => change(on ? { ...phase, shares: planned.shares } : without('shares'))}
      />
      {shares &&
        recipe.channels.map(({ id }) => (
          <NumberField
            key={id}
            label={t('phases.share', { channel: tag(id) })}
            value={Number((planned.shares[id] ?? 0).toFixed(4))}
            min={0}
            max={1}
            step={0.01}
            onChange={(share) => change({ ...phase, shares: moveFader(planned.shares, id, share, { locked: new Set() }) })}
          />
        ))}
      <SwitchField
        label={t('phases.schedule')}
        help={t('phases.scheduleHelp')}
        checked={schedule !== undefined}
        onChange={(on) => change(on ? { ...phase, schedule: planned.schedule } : without('schedule'))}
      />
      {schedule && (
        <ScheduleFields schedule={schedule} phase={number} change={(part) => change({ ...phase, schedule: { ...schedule, ...part } })} />
      )}
      <ChoiceField
        label={t('phases.order', { number })}
        value={order}
        choices={ORDERS}
        words={(name) => common(`recipeValue.${name}`)}
        onChange={(next) => change(next === 'shuffled' ? without('order') : { ...phase, order: next })}
      />
    </>
  );
}
