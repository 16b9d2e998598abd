/** The drawer's fields of a schedule: the recipe's own, or that of one phase. */
import { useTranslation } from 'react-i18next';
import { warmupIn } from '../core/recipe/edits';
import type { Schedule } from '../core/recipe/schema';
import { ChoiceField, NumberField } from '../ui/fields';

const KINDS = ['constant', 'linear', 'cosine', 'wsd'] as const;
const DECAYS = ['linear', 'cosine', 'sqrt', 'exponential'] as const;

interface Props {
  schedule: Schedule;
  /** Steps that the recipe's own schedule runs over, by which its warmup is counted anew. */
  steps?: number;
  /** Number of the phase, from 1, in whose words the fields are labelled. */
  phase?: number;
  change(part: Partial<Schedule>): void;
}

export function ScheduleFields({ schedule, steps, phase: number, change }: Props) {
  const { t } = useTranslation('recipe');
  const { t: desk } = useTranslation('desk');
  const inPhase = number !== undefined;
  const { warmup } = schedule;
  return (
    <>
      <ChoiceField
        label={inPhase ? t('phases.kind', { number }) : desk('schedule.label')}
        value={schedule.kind}
        choices={KINDS}
        words={(kind) => desk(`schedule.${kind}`)}
        onChange={(kind) => change({ kind })}
      />
      <NumberField
        label={inPhase ? t('phases.peakLr', { number }) : t('recipe.peakLr')}
        value={schedule.peakLr}
        min={0}
        max={1}
        step={0.0001}
        onChange={(peakLr) => change({ peakLr })}
      />
      <NumberField
        label={t(inPhase ? 'phases.floor' : 'recipe.floor')}
        {...(inPhase ? {} : { help: t('recipe.floorHelp') })}
        value={schedule.minRatio}
        min={0}
        max={1}
        step={0.05}
        onChange={(minRatio) => change({ minRatio })}
      />
      {steps !== undefined && (
        <ChoiceField
          label={t('recipe.warmupUnit')}
          value={warmup.unit}
          choices={['ratio', 'steps'] as const}
          words={(unit) => t(`recipe.warmup.${unit}`)}
          onChange={(unit) => change(warmupIn(unit, steps))}
        />
      )}
      <NumberField
        label={inPhase && warmup.unit === 'steps' ? t('phases.warmup') : desk('warmup')}
        value={warmup.value}
        min={0}
        step={warmup.unit === 'steps' ? 1 : 0.01}
        integer={warmup.unit === 'steps'}
        onChange={(value) => change({ warmup: { ...warmup, value } })}
      />
      {schedule.kind === 'wsd' && (
        <>
          <NumberField
            label={t('recipe.decayRatio')}
            value={schedule.decayRatio}
            min={0.01}
            max={1}
            step={0.05}
            onChange={(decayRatio) => change({ decayRatio })}
          />
          <ChoiceField
            label={t('recipe.decayShape')}
            value={schedule.decayShape}
            choices={DECAYS}
            words={(shape) => t(`recipe.decay.${shape}`)}
            onChange={(decayShape) => change({ decayShape })}
          />
        </>
      )}
    </>
  );
}
