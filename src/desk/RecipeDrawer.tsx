/** Every field of the recipe, in a drawer. A run's recipe cannot be edited; the desk's can, before a run. */
import { CloseButton, Drawer } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { ModelRecord } from '../contract/library';
import { errorRecord } from '../core/errors';
import { withStopping, withStrategy } from '../core/recipe/edits';
import { parseRecipe } from '../core/recipe/parse';
import { plannedSettings, scheduleSpan, withSteps } from '../core/recipe/phases';
import type { Recipe } from '../core/recipe/schema';
import { useErrorText } from '../i18n/error-text';
import { NumberField, ChoiceField, SwitchField, TextField } from '../ui/fields';
import { AutomationFields } from './AutomationFields';
import { FederatedFields } from './FederatedFields';
import { useActive } from './live-settings';
import { MethodFields } from './MethodFields';
import { ObjectiveFields } from './ObjectiveFields';
import { useRecipe } from './recipe-store';
import { PhaseFields } from './PhaseFields';
import { RetentionFields } from './RetentionFields';
import { RhythmFields } from './RhythmFields';
import { ScheduleFields } from './ScheduleFields';
import styles from './RecipeDrawer.module.css';

interface Props {
  opened: boolean;
  models: readonly ModelRecord[];
  onClose(): void;
}

const STRATEGIES = ['mixed', 'general-then-domain', 'domain-only', 'curriculum'] as const;
const PACKINGS = ['joined', 'separate'] as const;
const PRECISIONS = ['f32', 'f16', 'bf16'] as const;
const RUNNABLE_PRECISIONS = ['f32', 'f16'] as const satisfies readonly (typeof PRECISIONS)[number][];

function Fields({ recipe, models }: { recipe: Recipe; models: readonly ModelRecord[] }) {
  const { t } = useTranslation('recipe');
  const { t: desk } = useTranslation('desk');
  const { edit, setSchedule } = useRecipe.getState();
  const { optimizer, budget, stopping, strategy } = recipe;
  // As on the master strip: the first phase's.
  const { schedule } = plannedSettings(recipe, 0);
  const set = (change: Partial<Recipe>) => edit((current) => ({ ...current, ...change }));
  return (
    <>
      <fieldset>
        <legend>{t('recipe.general')}</legend>
        <TextField label={t('recipe.name')} value={recipe.name} onChange={(name) => set({ name })} />
        <NumberField
          label={t('recipe.steps')}
          value={budget.steps}
          min={1}
          step={10}
          integer
          onChange={(steps) => edit((current) => withSteps(current, steps))}
        />
        <NumberField label={t('recipe.seed')} value={recipe.seed} min={0} integer onChange={(seed) => set({ seed })} />
        <ChoiceField
          label={t('recipe.precision')}
          value={recipe.precision}
          help={t(`recipe.precisionHelp.${recipe.precision}`)}
          choices={recipe.runnable ? RUNNABLE_PRECISIONS : PRECISIONS}
          words={(name) => name}
          onChange={(precision) => set({ precision })}
        />
      </fieldset>
      <fieldset>
        <legend>{t('recipe.batch')}</legend>
        <NumberField
          label={t('recipe.context')}
          help={t('recipe.contextHelp')}
          value={recipe.sequenceLength}
          min={8}
          step={8}
          integer
          onChange={(sequenceLength) => set({ sequenceLength })}
        />
        <NumberField label={t('recipe.rows')} value={recipe.batchSize} min={1} integer onChange={(batchSize) => set({ batchSize })} />
        <NumberField
          label={t('recipe.accumulation')}
          help={t('recipe.accumulationHelp', { tokens: recipe.sequenceLength * recipe.batchSize * recipe.gradientAccumulationSteps })}
          value={recipe.gradientAccumulationSteps}
          min={1}
          integer
          onChange={(gradientAccumulationSteps) => set({ gradientAccumulationSteps })}
        />
        <ChoiceField
          label={t('recipe.packing')}
          help={t(`recipe.packingHelp.${recipe.packing}`)}
          value={recipe.packing}
          choices={PACKINGS}
          words={(packing) => t(`recipe.packingKind.${packing}`)}
          onChange={(packing) => set({ packing })}
        />
        <SwitchField
          label={t('recipe.checkpointing')}
          help={t('recipe.checkpointingHelp')}
          checked={recipe.activationCheckpointing}
          onChange={(activationCheckpointing) => set({ activationCheckpointing })}
        />
      </fieldset>
      <MethodFields recipe={recipe} models={models} />
      <fieldset>
        <legend>{t('recipe.strategy')}</legend>
        <ChoiceField
          label={t('recipe.strategyKind')}
          value={strategy.kind}
          choices={STRATEGIES}
          words={(kind) => desk(`strategy.${kind}`)}
          onChange={(kind) => edit((current) => withStrategy(current, kind))}
        />
        {(strategy.kind === 'general-then-domain' || strategy.kind === 'curriculum') && (
          <NumberField
            label={t('recipe.generalRatio')}
            value={strategy.generalRatio}
            min={0}
            max={1}
            step={0.05}
            onChange={(generalRatio) => set({ strategy: { ...strategy, generalRatio } })}
          />
        )}
        {strategy.kind === 'curriculum' && (
          <NumberField
            label={t('recipe.riseRatio')}
            value={strategy.riseRatio}
            min={0}
            max={1}
            step={0.05}
            onChange={(riseRatio) => set({ strategy: { ...strategy, riseRatio } })}
          />
        )}
      </fieldset>
      <fieldset>
        <legend>{t('recipe.schedule')}</legend>
        <ScheduleFields schedule={schedule} steps={scheduleSpan(recipe, 0).steps} change={setSchedule} />
      </fieldset>
      <ObjectiveFields recipe={recipe} models={models} edit={edit} />
      <PhaseFields recipe={recipe} edit={edit} />
      <AutomationFields recipe={recipe} edit={edit} />
      <FederatedFields recipe={recipe} edit={edit} />
      <fieldset>
        <legend>{t('recipe.optimizer')}</legend>
        <NumberField
          label={t('recipe.weightDecay')}
          value={optimizer.weightDecay}
          min={0}
          max={1}
          step={0.01}
          onChange={(weightDecay) => set({ optimizer: { ...optimizer, weightDecay } })}
        />
        <NumberField
          label={t('recipe.clip')}
          help={t('recipe.clipHelp')}
          value={optimizer.maxGradNorm}
          min={0}
          step={0.1}
          onChange={(maxGradNorm) => set({ optimizer: { ...optimizer, maxGradNorm } })}
        />
        <NumberField
          label={t('recipe.layerDecay')}
          help={t('recipe.layerDecayHelp')}
          value={optimizer.layerDecay ?? 1}
          min={0.01}
          max={1}
          step={0.05}
          onChange={(layerDecay) => {
            const { layerDecay: _, ...rest } = optimizer;
            set({ optimizer: layerDecay === 1 ? rest : { ...rest, layerDecay } });
          }}
        />
        <NumberField
          label={t('recipe.dropout')}
          value={recipe.dropout}
          min={0}
          max={0.9}
          step={0.05}
          onChange={(dropout) => set({ dropout })}
        />
        <NumberField
          label="β₁"
          value={optimizer.beta1}
          min={0}
          max={0.9999}
          step={0.01}
          onChange={(beta1) => set({ optimizer: { ...optimizer, beta1 } })}
        />
        <NumberField
          label="β₂"
          value={optimizer.beta2}
          min={0}
          max={0.9999}
          step={0.01}
          onChange={(beta2) => set({ optimizer: { ...optimizer, beta2 } })}
        />
        <NumberField
          label="ε"
          value={optimizer.epsilon}
          min={0}
          step={1e-8}
          onChange={(epsilon) => set({ optimizer: { ...optimizer, epsilon } })}
        />
      </fieldset>
      <RetentionFields recipe={recipe} models={models} edit={edit} />
      <RhythmFields recipe={recipe} set={set} />
      <fieldset>
        <legend>{t('recipe.stopping')}</legend>
        <SwitchField
          label={t('recipe.early')}
          help={t('recipe.earlyHelp')}
          checked={stopping.early !== null}
          onChange={(on) => edit((current) => withStopping(current, 'early', on))}
        />
        {stopping.early && (
          <>
            <NumberField
              label={t('recipe.patience')}
              value={stopping.early.patience}
              min={1}
              integer
              onChange={(patience) => set({ stopping: { ...stopping, early: { ...stopping.early!, patience } } })}
            />
            <NumberField
              label={t('recipe.threshold')}
              value={stopping.early.threshold}
              min={0}
              step={0.005}
              onChange={(threshold) => set({ stopping: { ...stopping, early: { ...stopping.early!, threshold } } })}
            />
          </>
        )}
        <SwitchField
          label={t('recipe.forgetting')}
          help={t('recipe.forgettingHelp')}
          checked={stopping.forgetting !== null}
          onChange={(on) => edit((current) => withStopping(current, 'forgetting', on))}
        />
        {stopping.forgetting && (
          <NumberField
            label={t('recipe.retention')}
            value={stopping.forgetting.retention}
            min={0.01}
            max={1}
            step={0.01}
            onChange={(retention) => set({ stopping: { ...stopping, forgetting: { retention } } })}
          />
        )}
      </fieldset>
    </>
  );
}

export default function RecipeDrawer({ opened, models, onClose }: Props) {
  const { t } = useTranslation('recipe');
  const { t: common } = useTranslation();
  const errorText = useErrorText();
  const recipe = useRecipe((state) => state.recipe);
  const active = useActive();
  const problem = useMemo(() => {
    try {
      if (recipe) parseRecipe(recipe);
      return null;
    } catch (error) {
      return errorRecord(error);
    }
  }, [recipe]);
  return (
    <Drawer.Root opened={opened} onClose={onClose} position="right" size={420}>
      <Drawer.Overlay />
      {/* Mantine's own head is a <header>, which would be a second banner of the page. */}
      <Drawer.Content aria-label={t('recipe.title')}>
        <Drawer.Body>
          <div className={styles.head}>
            <h2>{t('recipe.title')}</h2>
            <CloseButton aria-label={common('close')} onClick={onClose} />
          </div>
          <div className={styles.fields}>
            {problem && (
              <p className={styles.problem} role="alert">
                {errorText(problem).what}
              </p>
            )}
            {active && <p className={styles.note}>{t('recipe.whileRunning')}</p>}
            {recipe && <Fields recipe={recipe} models={models} />}
          </div>
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}
