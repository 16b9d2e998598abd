/** A run's recipe on the runs page: at a glance, and field by field against the default preset. */
import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { channelColour, useChannelTag } from '../channels/channel';
import { useDifferenceWords } from '../channels/recipe-words';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { compareRecipes, type RecipeRow } from '../core/recipe/diff';
import type { Recipe } from '../core/recipe/schema';
import { useFormat } from '../i18n/format';
import { presets as readPresets, type Preset } from '../lab/desk-recipes';
import { ErrorBanner } from '../ui/Banner';
import { Skeleton } from '../ui/Card';
import styles from './Runs.module.css';
import detail from './RunDetail.module.css';

const DEFAULT_PRESET = 'golden-ratio';

export function usePresets(): { presets: readonly Preset[]; error: ErrorRecord | null } {
  const [presets, setPresets] = useState<readonly Preset[]>([]);
  const [error, setError] = useState<ErrorRecord | null>(null);
  useEffect(() => {
    let wanted = true;
    readPresets().then(
      (read) => wanted && setPresets(read),
      (reason: unknown) => wanted && setError(errorRecord(reason)),
    );
    return () => {
      wanted = false;
    };
  }, []);
  return { presets, error };
}

/** What every recipe is compared with. */
function defaultPreset(presets: readonly Preset[]): Preset | null {
  return presets.find(({ id }) => id === DEFAULT_PRESET) ?? null;
}

/** The title of the preset that a recipe is named after; null for a name of a person's own. */
export function titleOf(recipe: Recipe, presets: readonly Preset[], language: string): string | null {
  const preset = presets.find(({ id }) => id === recipe.name);
  return preset ? titleIn(preset, language) : null;
}

export function titleIn(preset: Pick<Preset, 'title'>, language: string): string {
  return preset.title[language.startsWith('zh') ? 'zh' : 'en'];
}

/** Its shares as a bar in the channels' colours, and the settings that matter most. */
export function RecipeLine({ recipe, presetTitle }: { recipe: Recipe; presetTitle: string | null }) {
  const { t } = useTranslation('runs');
  const { t: common } = useTranslation();
  const format = useFormat();
  const tag = useChannelTag();
  const { schedule, strategy, batchSize, gradientAccumulationSteps, sequenceLength } = recipe;
  const facts = [
    t('recipe.preset', { title: presetTitle ?? recipe.name }),
    ...(strategy.kind === 'mixed' ? [] : [t(`recipe.strategy.${strategy.kind}`)]),
    t('recipe.lr', { lr: format.lr(schedule.peakLr) }),
    ...recipe.channels.flatMap(({ id, generated }) => (generated ? [`${tag(id)}: ${common('generated')}`] : [])),
    t(`recipe.schedule.${schedule.kind}`),
    t('recipe.batch', { rows: format.count(batchSize * gradientAccumulationSteps), length: format.count(sequenceLength) }),
  ];
  const shares = recipe.channels.map((channel) => `${tag(channel.id)} ${format.percent(channel.share)}`).join(', ');
  return (
    <div className={styles.recipe}>
      <div className={styles.mix} role="img" aria-label={`${t('recipe.shares')}: ${shares}`} title={shares}>
        {recipe.channels.map((channel) => (
          <i key={channel.id} style={{ flexGrow: channel.share, background: channelColour(channel.corpus) }} />
        ))}
      </div>
      <span>{facts.join(' · ')}</span>
    </div>
  );
}

/** What sets this run's recipe apart from the default preset. */
export function RecipeChanges({ recipe }: { recipe: Recipe }) {
  const { t, i18n } = useTranslation('runs');
  const { presets, error } = usePresets();
  const origin = defaultPreset(presets);
  // The name is not a setting: a run of a renamed recipe is the same run.
  const differences = useMemo(
    () => (origin ? compareRecipes([origin.recipe, recipe]).filter(({ field }) => field !== 'name') : []),
    [origin, recipe],
  );
  if (error) return <ErrorBanner error={error} />;
  if (!origin) return <Skeleton lines={3} />;
  return (
    <>
      <h3>{t('detail.changes', { title: titleIn(origin, i18n.language) })}</h3>
      {differences.length === 0 ? (
        <p className={detail.dim}>{t('detail.noChanges')}</p>
      ) : (
        <RecipeTable
          label={t('detail.changes', { title: titleIn(origin, i18n.language) })}
          names={[t('detail.preset'), t('detail.run')]}
          rows={differences}
        />
      )}
    </>
  );
}

interface RecipeTableProps {
  label: string;
  /** Of the recipes, in the order of a row's values. */
  names: readonly string[];
  rows: readonly RecipeRow[];
}

/** Recipes side by side: fields below one another, what is not as in the first recipe in bold. */
export function RecipeTable({ label, names, rows }: RecipeTableProps) {
  const { t } = useTranslation('runs');
  const words = useDifferenceWords();
  return (
    <div className={detail.scroll} role="region" tabIndex={0} aria-label={label}>
      <table className={detail.differences}>
        <thead>
          <tr>
            <th scope="col">{t('detail.field')}</th>
            {names.map((name, at) => (
              <th key={at} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ field, values }) => (
            <tr key={field} data-field={field}>
              <th scope="row">{words({ field, a: '', b: '' }).field}</th>
              {values.map((value, at) => {
                const { to } = words({ field, a: '', b: value });
                return <td key={at}>{value === values[0] ? to : <b>{to}</b>}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
