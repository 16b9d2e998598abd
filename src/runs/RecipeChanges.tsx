/** What sets this run's recipe apart from the default preset, field by field. */
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { diffRecipes } from '../core/recipe/diff';
import type { Recipe } from '../core/recipe/schema';
import { ErrorBanner } from '../ui/ErrorBanner';
import { Skeleton } from '../ui/Skeleton';
import { defaultPreset, presetTitle, usePresets } from './presets';
import styles from './Detail.module.css';

export function RecipeChanges({ recipe }: { recipe: Recipe }) {
  const { t, i18n } = useTranslation('runs');
  const { presets, error } = usePresets();
  const origin = defaultPreset(presets);
  // The name is not a setting: a run of a renamed recipe is the same run.
  const differences = useMemo(
    () => (origin ? diffRecipes(origin.recipe, recipe).filter(({ field }) => field !== 'name') : []),
    [origin, recipe],
  );
  if (error) return <ErrorBanner error={error} />;
  if (!origin) return <Skeleton lines={3} />;
  return (
    <>
      <h3>{t('detail.changes', { title: presetTitle(origin, i18n.language) })}</h3>
      {differences.length === 0 ? (
        <p className={styles.dim}>{t('detail.noChanges')}</p>
      ) : (
        <div
          className={styles.scroll}
          role="region"
          tabIndex={0}
          aria-label={t('detail.changes', { title: presetTitle(origin, i18n.language) })}
        >
          <table className={styles.differences}>
            <thead>
              <tr>
                <th scope="col">{t('detail.field')}</th>
                <th scope="col">{t('detail.preset')}</th>
                <th scope="col">{t('detail.run')}</th>
              </tr>
            </thead>
            <tbody>
              {differences.map(({ field, a, b }) => (
                <tr key={field}>
                  <th scope="row">{field}</th>
                  <td>{a}</td>
                  <td>
                    <b>{b}</b>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
