/** The drawer's fields for what keeps a run near its base: weights of the objective apart from the shares, and anchors at the base's weights. */
import { useTranslation } from 'react-i18next';
import { objectiveWeights, withObjective, withRegularisation } from '../core/recipe/edits';
import type { Recipe } from '../core/recipe/schema';
import { NumberField, SwitchField } from '../ui/fields';

interface Props {
  recipe: Recipe;
  edit(change: (recipe: Recipe) => Recipe): void;
}

/** Strength that a term starts with when it is switched on; Li et al. (arXiv 1802.01483) search 0.001 to 1. */
const USUAL_L2SP = 0.01;

export function RetentionFields({ recipe, edit }: Props) {
  const { t } = useTranslation('anchors');
  const { l2sp, decayTowards } = recipe.regularisation ?? {};
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
        label={t('decay.switch')}
        help={t('decay.help', { decay: recipe.optimizer.weightDecay })}
        checked={decayTowards === 'base'}
        onChange={(on) => edit((current) => withRegularisation(current, { decayTowards: on ? 'base' : undefined }))}
      />
    </fieldset>
  );
}
