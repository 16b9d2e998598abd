/** The drawer's fields for what each channel is trained on: the next token of its text, or an objective of its own. */
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { CorpusRecord } from '../contract/corpus';
import type { ModelRecord } from '../contract/library';
import type { RecordKind } from '../core/corpus/records';
import { lab } from '../lab/lab';
import { useChannelTag } from '../channels/channel';
import { withChannelObjective, withPrefix } from '../core/recipe/edits';
import type { ObjectiveKind } from '../core/recipe/objective';
import { objectiveSchema } from '../core/recipe/objective-schema';
import type { Objective, Recipe } from '../core/recipe/schema';
import { ChoiceField, NamesField, TextField } from '../ui/fields';
import { AlignmentFields, FIRST_RULE, isAlignment } from './AlignmentFields';
import { isOfText, PretrainingFields } from './PretrainingFields';
import styles from './RecipeDrawer.module.css';

interface Props {
  recipe: Recipe;
  models: readonly ModelRecord[];
  edit(change: (recipe: Recipe) => Recipe): void;
}

/** What a channel of plain text can be trained on; others need rows of their own kind. */
const KINDS: readonly ('next' | ObjectiveKind)[] = ['next', 'mlm', 'plm', 'contrastive'];

/** What the rows of other corpora can be trained on besides. */
const KINDS_OF: Record<RecordKind, readonly ObjectiveKind[]> = {
  conversations: ['sft'],
  labelled: ['classification'],
  preferences: ['sft', 'reward', 'dpo', 'ppo', 'grpo'],
  prompts: ['ppo', 'grpo'],
};

/** What an objective begins as: its fields' own beginnings, but for those that have none. @param labels of the corpus */
function usual(kind: ObjectiveKind, labels: readonly string[] = []): Objective {
  if (kind === 'classification') return objectiveSchema.parse({ kind, labels: labels.length > 1 ? labels : ['0', '1'] });
  return objectiveSchema.parse(kind === 'ppo' || kind === 'grpo' ? { kind, reward: FIRST_RULE } : { kind });
}

export function ObjectiveFields({ recipe, models, edit }: Props) {
  const { t } = useTranslation('recipe');
  const tag = useChannelTag();
  const [corpora, setCorpora] = useState<readonly CorpusRecord[]>([]);
  useEffect(() => {
    let gone = false;
    lab.corpus.list().then(
      (found) => !gone && setCorpora(found),
      // What the recipe says can still be read.
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, []);
  return (
    <fieldset>
      <legend>{t('objective.title')}</legend>
      <p className={styles.note}>{t('objective.help')}</p>
      {recipe.channels.map(({ id, corpus, objective, prefix }) => {
        const found = corpora.find((candidate) => candidate.id === corpus);
        const kinds = found?.kind ? (['next', ...KINDS_OF[found.kind]] as const) : KINDS;
        return (
          <div key={id} className={styles.phase}>
            <ChoiceField<'next' | ObjectiveKind>
              label={t('objective.of', { channel: tag(id) })}
              value={objective?.kind ?? 'next'}
              choices={objective && !kinds.includes(objective.kind) ? [...kinds, objective.kind] : kinds}
              words={(kind) => t(`objective.kind.${kind}`)}
              onChange={(kind) =>
                edit((current) => {
                  const changed = withChannelObjective(current, id, kind === 'next' ? null : usual(kind, found?.labels));
                  // The two views of contrastive learning differ by dropout.
                  return kind === 'contrastive' && changed.dropout === 0 ? { ...changed, dropout: 0.1 } : changed;
                })
              }
            />
            {!found?.kind && (
              <TextField
                label={t('objective.prefix', { channel: tag(id) })}
                value={prefix ?? ''}
                onChange={(typed) => edit((current) => withPrefix(current, id, typed))}
              />
            )}
            {objective && (
              <Settings {...{ objective, models }} onChange={(next) => edit((current) => withChannelObjective(current, id, next))} />
            )}
          </div>
        );
      })}
    </fieldset>
  );
}

const LOSSES = ['answers', 'all'] as const;
const POOLINGS = ['last', 'mean'] as const;

interface SettingsProps {
  objective: Objective;
  models: readonly ModelRecord[];
  onChange(next: Objective): void;
}

/** What is set of an objective whose rows are records. */
function Settings({ objective, models, onChange }: SettingsProps) {
  const { t } = useTranslation('recipe');
  if (isOfText(objective)) return <PretrainingFields {...{ objective, onChange }} />;
  if (isAlignment(objective)) return <AlignmentFields {...{ objective, models, onChange }} />;
  if (objective.kind === 'sft')
    return (
      <ChoiceField
        label={t('objective.loss')}
        value={objective.loss}
        choices={LOSSES}
        words={(loss) => t(`objective.losses.${loss}`)}
        onChange={(loss) => onChange({ ...objective, loss })}
      />
    );
  if (objective.kind !== 'classification') return null;
  return (
    <>
      <NamesField
        label={t('objective.labels')}
        help={t('objective.labelsHelp')}
        names={objective.labels}
        {...(objective.labels.length < 2 && { error: t('objective.labelsFew') })}
        onChange={(labels) => labels.length > 0 && onChange({ ...objective, labels })}
      />
      <ChoiceField
        label={t('objective.pooling')}
        value={objective.pooling}
        choices={POOLINGS}
        words={(pooling) => t(`objective.poolings.${pooling}`)}
        onChange={(pooling) => onChange({ ...objective, pooling })}
      />
    </>
  );
}
