/** What is set of an objective of pretraining: hidden tokens, a permuted order, embeddings of texts. */
import { useTranslation } from 'react-i18next';
import type { Objective } from '../core/recipe/schema';
import { ChoiceField, NumberField } from '../ui/fields';

type OfText = Extract<Objective, { kind: 'mlm' | 'plm' | 'contrastive' }>;

export const isOfText = (objective: Objective): objective is OfText =>
  objective.kind === 'mlm' || objective.kind === 'plm' || objective.kind === 'contrastive';

const UNITS = ['token', 'word', 'span'] as const;
const NEGATIVES = ['none', 'noise', 'synonyms'] as const;
const POOLINGS = ['mean', 'last'] as const;

interface Props {
  objective: OfText;
  onChange(next: Objective): void;
}

export function PretrainingFields({ objective, onChange }: Props) {
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
            label={t('objective.tau')}
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
  }
}
