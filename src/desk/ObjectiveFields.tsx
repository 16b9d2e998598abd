/** The drawer's fields for what each channel is trained on: the next token of its text, or an objective of its own. */
import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import { withChannelObjective } from '../core/recipe/edits';
import type { ObjectiveKind } from '../core/recipe/objective';
import type { Objective, Recipe } from '../core/recipe/schema';
import { ChoiceField, NumberField } from '../ui/fields';
import styles from './RecipeDrawer.module.css';

interface Props {
  recipe: Recipe;
  edit(change: (recipe: Recipe) => Recipe): void;
}

/** What a channel of plain text can be trained on; others need rows of their own kind. */
const KINDS: readonly ('next' | ObjectiveKind)[] = ['next', 'mlm', 'plm', 'contrastive'];

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

/** With the objective as it begins. The two views of contrastive learning differ by dropout, without which there are none. */
function withUsual(recipe: Recipe, id: string, kind: 'next' | ObjectiveKind): Recipe {
  const changed = withChannelObjective(recipe, id, kind === 'next' ? null : usual(kind));
  return kind === 'contrastive' && changed.dropout === 0 ? { ...changed, dropout: 0.1 } : changed;
}

export function ObjectiveFields({ recipe, edit }: Props) {
  const { t } = useTranslation('recipe');
  const tag = useChannelTag();
  return (
    <fieldset>
      <legend>{t('objective.title')}</legend>
      <p className={styles.note}>{t('objective.help')}</p>
      {recipe.channels.map(({ id, objective }) => (
        <Fragment key={id}>
          <ChoiceField<'next' | ObjectiveKind>
            label={t('objective.of', { channel: tag(id) })}
            value={objective?.kind ?? 'next'}
            choices={objective && !KINDS.includes(objective.kind) ? [...KINDS, objective.kind] : KINDS}
            words={(kind) => t(`objective.kind.${kind}`)}
            onChange={(kind) => edit((current) => withUsual(current, id, kind))}
          />
          {objective && (
            <TextSettings objective={objective} onChange={(next) => edit((current) => withChannelObjective(current, id, next))} />
          )}
        </Fragment>
      ))}
    </fieldset>
  );
}

const UNITS = ['token', 'word', 'span'] as const;
const NEGATIVES = ['none', 'noise', 'synonyms'] as const;
const POOLINGS = ['mean', 'last'] as const;

/** What is set of an objective whose rows are texts. */
function TextSettings({ objective, onChange }: { objective: Objective; onChange(next: Objective): void }) {
  const { t } = useTranslation('recipe');
  switch (objective.kind) {
    case 'mlm': {
      const share = (field: 'rate' | 'replace' | 'random' | 'clmWeight', min: number, max: number) => (
        <NumberField
          label={t(`objective.${field}`)}
          value={objective[field]}
          min={min}
          max={max}
          step={0.05}
          onChange={(value) => onChange({ ...objective, [field]: value })}
        />
      );
      return (
        <>
          {share('rate', 0.01, 0.9)}
          <ChoiceField
            label={t('objective.unit')}
            value={objective.unit}
            choices={UNITS}
            words={(unit) => t(`objective.units.${unit}`)}
            onChange={(unit) => onChange({ ...objective, unit })}
          />
          {share('replace', 0, Number((1 - objective.random).toFixed(4)))}
          {share('random', 0, Number((1 - objective.replace).toFixed(4)))}
          {share('clmWeight', 0, 1)}
        </>
      );
    }
    case 'plm':
      return (
        <NumberField
          label={t('objective.predict')}
          value={Number(objective.predict.toFixed(4))}
          min={0.01}
          max={1}
          step={0.05}
          onChange={(predict) => onChange({ ...objective, predict })}
        />
      );
    case 'contrastive':
      return (
        <>
          <NumberField
            label={t('objective.temperature')}
            value={objective.temperature}
            min={0.001}
            max={10}
            step={0.01}
            onChange={(temperature) => onChange({ ...objective, temperature })}
          />
          <ChoiceField
            label={t('objective.pooling')}
            value={objective.pooling}
            choices={POOLINGS}
            words={(pooling) => t(`objective.poolings.${pooling}`)}
            onChange={(pooling) => onChange({ ...objective, pooling })}
          />
          <ChoiceField
            label={t('objective.negatives')}
            value={objective.negatives}
            choices={NEGATIVES}
            words={(negatives) => t(`objective.negativesOf.${negatives}`)}
            onChange={(negatives) => onChange({ ...objective, negatives })}
          />
        </>
      );
    default:
      return null;
  }
}
