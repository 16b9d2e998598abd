/** The drawer's fields of a federated run: who the clients are, how they are averaged, and what privacy the noise gives them. */
import { useTranslation } from 'react-i18next';
import { clientsOf, epsilonOf, type Federated } from '../core/federated/clients';
import { sharesOf } from '../core/recipe/edits';
import { takingPart, type Recipe } from '../core/recipe/schema';
import { useFormat } from '../i18n/format';
import { NumberField, SwitchField } from '../ui/fields';
import styles from './RecipeDrawer.module.css';

interface Props {
  recipe: Recipe;
  edit(change: (recipe: Recipe) => Recipe): void;
}

/** What a federated run begins as, with four updates of each client. */
function usual(recipe: Recipe): Recipe {
  const federated: Federated = { participation: 1, server: { rate: 1, momentum: 0 } };
  const clients = clientsOf({ ...recipe, federated }, sharesOf(recipe)).length;
  return { ...recipe, federated, gradientAccumulationSteps: Math.max(recipe.gradientAccumulationSteps, 4 * clients) };
}

export function FederatedFields({ recipe, edit }: Props) {
  const { t } = useTranslation('recipe');
  const format = useFormat();
  const { federated } = recipe;
  const all = clientsOf(recipe, sharesOf(recipe)).length;
  const taking = federated ? takingPart(all, federated.participation) : all;
  const set = (next: Federated) => edit((recipe) => ({ ...recipe, federated: next }));
  const without = <Key extends keyof Federated>(key: Key) => {
    const { [key]: _, ...rest } = federated!;
    return rest as Federated;
  };
  return (
    <fieldset>
      <legend>{t('federated.title')}</legend>
      <SwitchField
        label={t('federated.switch')}
        help={t('federated.help')}
        checked={federated !== undefined}
        onChange={(on) => edit(({ federated: _, ...rest }) => (on ? usual(rest) : rest))}
      />
      {federated && (
        <>
          <p className={styles.note}>
            {t('federated.round', {
              clients: format.count(all),
              taking: format.count(taking),
              updates: format.decimal(recipe.gradientAccumulationSteps / taking, recipe.gradientAccumulationSteps % taking === 0 ? 0 : 1),
            })}
          </p>
          <SwitchField
            label={t('federated.split')}
            help={t('federated.splitHelp')}
            checked={federated.split !== undefined}
            onChange={(on) => set(on ? { ...federated, split: { clients: 4, alpha: 0.5 } } : without('split'))}
          />
          {federated.split && (
            <>
              <NumberField
                label={t('federated.clients')}
                value={federated.split.clients}
                min={2}
                max={64}
                integer
                onChange={(clients) => set({ ...federated, split: { ...federated.split!, clients } })}
              />
              <NumberField
                label={t('federated.alpha')}
                help={t('federated.alphaHelp')}
                value={federated.split.alpha}
                min={0.01}
                max={1000}
                step={0.1}
                onChange={(alpha) => set({ ...federated, split: { ...federated.split!, alpha } })}
              />
            </>
          )}
          <NumberField
            label={t('federated.participation')}
            help={t('federated.participationHelp')}
            value={federated.participation}
            min={0.01}
            max={1}
            step={0.1}
            onChange={(participation) => set({ ...federated, participation })}
          />
          <NumberField
            label={t('federated.proximal')}
            help={t('federated.proximalHelp')}
            value={federated.proximal ?? 0}
            min={0}
            max={1e6}
            step={0.1}
            onChange={(proximal) => set(proximal > 0 ? { ...federated, proximal } : without('proximal'))}
          />
          <NumberField
            label={t('federated.rate')}
            value={federated.server.rate}
            min={0.01}
            max={100}
            step={0.1}
            onChange={(rate) => set({ ...federated, server: { ...federated.server, rate } })}
          />
          <NumberField
            label={t('federated.momentum')}
            value={federated.server.momentum}
            min={0}
            max={0.99}
            step={0.1}
            onChange={(momentum) => set({ ...federated, server: { ...federated.server, momentum } })}
          />
          <SwitchField
            label={t('federated.secure')}
            help={t('federated.secureHelp')}
            checked={federated.secure !== undefined}
            onChange={(on) => set(on ? { ...federated, secure: { dropout: 0 } } : without('secure'))}
          />
          {federated.secure && (
            <NumberField
              label={t('federated.dropout')}
              help={t('federated.dropoutHelp')}
              value={federated.secure.dropout}
              min={0}
              max={0.9}
              step={0.1}
              onChange={(dropout) => set({ ...federated, secure: { dropout } })}
            />
          )}
          <SwitchField
            label={t('federated.privacy')}
            help={t('federated.privacyHelp')}
            checked={federated.privacy !== undefined}
            onChange={(on) => set(on ? { ...federated, privacy: { clip: 1, noise: 1, delta: 1e-5 } } : without('privacy'))}
          />
          {federated.privacy && (
            <>
              {(['clip', 'noise', 'delta'] as const).map((field) => (
                <NumberField
                  key={field}
                  label={t(`federated.${field}`)}
                  value={federated.privacy![field]}
                  min={field === 'noise' ? 0 : 1e-9}
                  max={field === 'delta' ? 0.5 : 1000}
                  step={field === 'delta' ? 1e-5 : 0.1}
                  onChange={(value) => set({ ...federated, privacy: { ...federated.privacy!, [field]: value } })}
                />
              ))}
              <p className={styles.note} data-testid="privacy">
                {t('federated.spent', {
                  epsilon: format.decimal(epsilonOf(recipe, recipe.budget.steps), 2),
                  delta: String(federated.privacy.delta),
                  rounds: format.count(recipe.budget.steps),
                })}
              </p>
            </>
          )}
        </>
      )}
    </fieldset>
  );
}
