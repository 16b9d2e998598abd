/** The drawer's fields for what keeps a run near its base: weights of the objective apart from the shares, anchors at the base's weights, a teacher. */
import { useTranslation } from 'react-i18next';
import type { ModelRecord } from '../contract/library';
import { USUAL_AVERAGE, USUAL_DISTILLATION, USUAL_STATES } from '../core/recipe/distillation';
import { objectiveWeights, withAverage, withObjective, withRegularisation } from '../core/recipe/edits';
import { EMA_TEACHER, type Distillation, type Recipe } from '../core/recipe/schema';
import { ChoiceField, NumberField, SwitchField } from '../ui/fields';

interface Props {
  recipe: Recipe;
  models: readonly ModelRecord[];
  edit(change: (recipe: Recipe) => Recipe): void;
}

/** Strength that a term starts with when it is switched on; Li et al. (arXiv 1802.01483) search 0.001 to 1. */
const USUAL_L2SP = 0.01;
/** Kirkpatrick et al. (arXiv 1612.00796) take 400 for their games. */
const USUAL_EWC = { lambda: 400, sequences: 64, labels: 'model' } as const;
/** Schwarz et al. (arXiv 1805.06370) take 0.95 and above. */
const USUAL_GAMMA = 0.95;
const LABELS = ['model', 'text'] as const;

export function RetentionFields({ recipe, models, edit }: Props) {
  const { t } = useTranslation('recipe');
  const { t: common } = useTranslation();
  const { l2sp, ewc, decayTowards, distillation } = recipe.regularisation ?? {};
  return (
    <fieldset>
      <legend>{t('title')}</legend>
      <SwitchField
        label={t('weight.switch')}
        help={t('weight.help')}
        checked={objectiveWeights(recipe) !== null}
        onChange={(weighed) => edit((current) => withObjective(current, weighed))}
      />
      <SwitchField
        label={t('l2sp.switch')}
        help={t('l2sp.help')}
        checked={l2sp !== undefined}
        onChange={(on) => edit((current) => withRegularisation(current, { l2sp: on ? { lambda: USUAL_L2SP } : undefined }))}
      />
      {l2sp && (
        <NumberField
          label={t('l2sp.lambda')}
          value={l2sp.lambda}
          min={1e-9}
          max={1e6}
          step={0.001}
          onChange={(lambda) => edit((current) => withRegularisation(current, { l2sp: { lambda } }))}
        />
      )}
      <SwitchField
        label={t('ewc.switch')}
        help={t('ewc.help')}
        checked={ewc !== undefined}
        onChange={(on) => edit((current) => withRegularisation(current, { ewc: on ? USUAL_EWC : undefined }))}
      />
      {ewc && (
        <>
          <NumberField
            label={t('ewc.lambda')}
            value={ewc.lambda}
            min={1e-9}
            max={1e9}
            step={10}
            onChange={(lambda) => edit((current) => withRegularisation(current, { ewc: { ...ewc, lambda } }))}
          />
          <NumberField
            label={t('ewc.sequences')}
            value={ewc.sequences}
            min={1}
            max={4096}
            integer
            onChange={(sequences) => edit((current) => withRegularisation(current, { ewc: { ...ewc, sequences } }))}
          />
          <ChoiceField
            label={t('ewc.labels')}
            value={ewc.labels}
            choices={LABELS}
            words={(labels) => common(`recipeValue.${labels}`)}
            onChange={(labels) => edit((current) => withRegularisation(current, { ewc: { ...ewc, labels } }))}
          />
          <SwitchField
            label={t('ewc.online')}
            help={t('ewc.onlineHelp')}
            checked={ewc.online !== undefined}
            onChange={(on) =>
              edit((current) => {
                const { online: _, ...rest } = ewc;
                return withRegularisation(current, { ewc: on ? { ...rest, online: { gamma: USUAL_GAMMA } } : rest });
              })
            }
          />
          {ewc.online && (
            <NumberField
              label={t('ewc.gamma')}
              value={ewc.online.gamma}
              min={0}
              max={1}
              step={0.05}
              onChange={(gamma) => edit((current) => withRegularisation(current, { ewc: { ...ewc, online: { gamma } } }))}
            />
          )}
        </>
      )}
      {/* An adapter's weights decay to 0, which is the base. */}
      {(recipe.method?.kind !== 'lora' || decayTowards) && (
        <SwitchField
          label={t('decay.switch')}
          help={t('decay.help', { decay: recipe.optimizer.weightDecay })}
          checked={decayTowards === 'base'}
          onChange={(on) => edit((current) => withRegularisation(current, { decayTowards: on ? 'base' : undefined }))}
        />
      )}
      <SwitchField
        label={t('distillation.switch')}
        help={t('distillation.help')}
        checked={distillation !== undefined}
        onChange={(on) => edit((current) => withRegularisation(current, { distillation: on ? USUAL_DISTILLATION : undefined }))}
      />
      {distillation && <DistillationFields distillation={distillation} recipe={recipe} models={models} edit={edit} />}
      <AverageFields recipe={recipe} edit={edit} />
    </fieldset>
  );
}

function AverageFields({ recipe, edit }: Pick<Props, 'recipe' | 'edit'>) {
  const { t } = useTranslation('recipe');
  const { t: common } = useTranslation();
  const { average, budget } = recipe;
  const set = (part: Partial<typeof USUAL_AVERAGE>) => edit((current) => withAverage(current, { ...USUAL_AVERAGE, ...average, ...part }));
  return (
    <>
      <SwitchField
        label={t('average.switch')}
        help={t('average.help')}
        checked={average !== undefined}
        onChange={(on) => edit((current) => withAverage(current, on ? USUAL_AVERAGE : null))}
      />
      {average && (
        <>
          <NumberField
            label={common('recipeField.averageDecay')}
            help={t('average.decayHelp')}
            value={average.decay}
            min={0}
            max={0.999999}
            step={0.001}
            onChange={(decay) => set({ decay })}
          />
          <NumberField
            label={common('recipeField.averageStart')}
            value={average.start}
            min={0}
            max={budget.steps - 1}
            step={10}
            integer
            onChange={(start) => set({ start })}
          />
          <NumberField
            label={common('recipeField.averageEvery')}
            value={average.every}
            min={1}
            integer
            onChange={(every) => set({ every })}
          />
        </>
      )}
    </>
  );
}

const ROWS = ['general', 'domain', 'all'] as const;
const STAGES = ['last', 'all', 'attention'] as const;
const STAGE_NAMES = { last: 'stageLast', all: 'stageAll', attention: 'stageAttention' } as const;
const STATE_WEIGHTS = ['hiddenWeight', 'attentionWeight'] as const;

function DistillationFields({ distillation, recipe, models, edit }: Props & { distillation: Distillation }) {
  const { t } = useTranslation('recipe');
  const { t: common } = useTranslation();
  const { states } = distillation;
  const set = (change: Partial<Distillation>) =>
    edit((current) => withRegularisation(current, { distillation: { ...distillation, ...change } }));
  const teach = (model: string) => {
    const { teacher: _, ...rest } = distillation;
    const chosen = model === recipe.base ? rest : { ...rest, teacher: model };
    edit((current) => {
      const next = withRegularisation(current, { distillation: chosen });
      // It teaches from the first step on.
      return model === EMA_TEACHER ? withAverage(next, { ...USUAL_AVERAGE, ...current.average, start: 0 }) : next;
    });
  };
  const compare = (on: boolean) => {
    const { states: _, ...rest } = distillation;
    edit((current) => withRegularisation(current, { distillation: on ? { ...rest, states: USUAL_STATES } : rest }));
  };
  const teacher = distillation.teacher ?? recipe.base;
  return (
    <>
      <ChoiceField
        label={common('recipeField.teacher')}
        help={t('distillation.teacherHelp')}
        value={teacher}
        choices={[...new Set([recipe.base, EMA_TEACHER, ...models.map(({ id }) => id), teacher])]}
        words={(id) => {
          if (id === recipe.base) return common('recipeValue.base');
          return id === EMA_TEACHER ? common('recipeValue.ema') : (models.find((model) => model.id === id)?.name ?? id);
        }}
        onChange={teach}
      />
      <ChoiceField
        label={common('recipeField.taughtRows')}
        value={distillation.rows}
        choices={ROWS}
        words={(rows) => (rows === 'all' ? common('recipeValue.all') : common(`role.${rows}`))}
        onChange={(rows) => set({ rows })}
      />
      <NumberField
        label={common('recipeField.teacherAlpha')}
        value={distillation.alpha}
        min={0}
        max={1}
        step={0.1}
        onChange={(alpha) => set({ alpha })}
      />
      <NumberField
        label={common('recipeField.teacherTemperature')}
        value={distillation.temperature}
        min={0.1}
        max={100}
        step={0.5}
        onChange={(temperature) => set({ temperature })}
      />
      <NumberField
        label={common('recipeField.teacherWarmup')}
        help={t('distillation.betaHelp')}
        value={distillation.warmup}
        min={0}
        step={10}
        integer
        onChange={(warmup) => set({ warmup })}
      />
      <SwitchField
        label={t('distillation.statesSwitch')}
        help={t('distillation.statesHelp')}
        checked={states !== undefined}
        onChange={compare}
      />
      {states && (
        <>
          {STAGES.map((stage) => (
            <NumberField
              key={stage}
              label={common(`recipeField.${STAGE_NAMES[stage]}`)}
              value={states[stage]}
              min={0}
              max={1}
              step={0.1}
              onChange={(share) => set({ states: { ...states, [stage]: share } })}
            />
          ))}
          {STATE_WEIGHTS.map((weight) => (
            <NumberField
              key={weight}
              label={common(`recipeField.${weight}`)}
              value={states[weight]}
              min={1e-6}
              max={1e6}
              step={0.1}
              onChange={(value) => set({ states: { ...states, [weight]: value } })}
            />
          ))}
        </>
      )}
    </>
  );
}
