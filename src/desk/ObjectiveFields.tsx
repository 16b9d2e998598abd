/** The drawer's fields for what each channel is trained on: the next token of its text, or an objective of its own. */
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import { withChannelObjective } from '../core/recipe/edits';
import type { ObjectiveKind } from '../core/recipe/objective';
import type { Objective, Recipe } from '../core/recipe/schema';
import { ChoiceField } from '../ui/fields';
import styles from './RecipeDrawer.module.css';

interface Props {
  recipe: Recipe;
  edit(change: (recipe: Recipe) => Recipe): void;
}

/** What a channel of plain text can be trained on; others need rows of their own kind. */
const KINDS: readonly ('next' | ObjectiveKind)[] = ['next'];

/** What an objective begins as. */
function usual(kind: ObjectiveKind): Objective {
  switch (kind) {
    case 'mlm':
      return { kind, rate: 0.15, replace: 0.8, random: 0.1, unit: 'token', clmWeight: 0 };
    case 'plm':
      return { kind, predict: 1 / 6 };
    case 'contrastive':
      return { kind, temperature: 0.05, pooling: 'mean', negatives: 'none' };
    case 'sft':
      return { kind, loss: 'answers' };
    case 'classification':
      return { kind, labels: ['0', '1'], pooling: 'last' };
    case 'reward':
      return { kind, margin: false };
    case 'dpo':
      return { kind, beta: 0.1, labelSmoothing: 0 };
  }
}

export function ObjectiveFields({ recipe, edit }: Props) {
  const { t } = useTranslation('recipe');
  const tag = useChannelTag();
  return (
    <fieldset>
      <legend>{t('objective.title')}</legend>
      <p className={styles.note}>{t('objective.help')}</p>
      {recipe.channels.map(({ id, objective }) => (
        <ChoiceField<'next' | ObjectiveKind>
          key={id}
          label={t('objective.of', { channel: tag(id) })}
          value={objective?.kind ?? 'next'}
          choices={objective && !KINDS.includes(objective.kind) ? [...KINDS, objective.kind] : KINDS}
          words={(kind) => t(`objective.kind.${kind}`)}
          onChange={(kind) => edit((current) => withChannelObjective(current, id, kind === 'next' ? null : usual(kind)))}
        />
      ))}
    </fieldset>
  );
}
