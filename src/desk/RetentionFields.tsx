/** The drawer's fields for what keeps a run near its base: weights of the objective apart from the shares, and anchors at the base's weights. */
import { useTranslation } from 'react-i18next';
import { objectiveWeights, withObjective, withRegularisation } from '../core/recipe/edits';
import type { Recipe } from '../core/recipe/schema';
import { ChoiceField, NumberField, SwitchField } from '../ui/fields';

interface Props {
  recipe: Recipe;
  edit(change: (recipe: Recipe) => Recipe): void;
}

/** Strength that a term starts with when it is switched on; Li et al. (arXiv 1802.01483) search 0.001 to 1. */
const USUAL_L2SP = 0.01;
/** Kirkpatrick et al. (arXiv 1612.00796) take 400 for their games. */
const USUAL_EWC = { lambda: 400, sequences: 64, labels: 'model' } as const;
/** Schwarz et al. (arXiv 1805.06370) take 0.95 and above. */
const USUAL_GAMMA = 0.95;
const LABELS = ['model', 'text'] as const;

export function RetentionFields({ recipe, edit }: Props) {
  const { t } = useTranslation('recipe');
  const { t: common } = useTranslation();
  const { l2sp, ewc, decayTowards } = recipe.regularisation ?? {};
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
    </fieldset>
  );
}
