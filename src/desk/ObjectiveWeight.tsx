/**
 * The second, small fader of a channel strip, where the recipe weighs channels apart from their shares: the weight of the channel's mean loss in
 * the objective, with the share of the tokens that the channel really has had beside it. It moves before a run alone.
 */
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import { withWeight } from '../core/recipe/edits';
import type { Channel } from '../core/recipe/schema';
import { useFormat } from '../i18n/format';
import { HorizontalSlider } from '../ui/Slider';
import { useActive } from './live-settings';
import { useRecipe } from './recipe-store';
import { useRun } from './run-store';
import styles from './ObjectiveWeight.module.css';

/** Whole thousandths, so that a value can be met again. */
const rounded = (weight: number): number => Math.round(weight * 1000) / 1000;

/** Share of the predicted tokens of the run so far; null before a run. */
function useTokenShare(id: string): number | null {
  return useRun(({ run }) => {
    const total = run?.channels.reduce((sum, { tokens }) => sum + (tokens ?? 0), 0) ?? 0;
    return total > 0 ? (run?.channels.find((channel) => channel.id === id)?.tokens ?? 0) / total : null;
  });
}

export default function ObjectiveWeight({ channel: { id, weight = 0 } }: { channel: Channel }) {
  const { t } = useTranslation('recipe');
  const format = useFormat();
  const tag = useChannelTag()(id);
  const active = useActive();
  const tokens = useTokenShare(id);
  const percent = format.percent(weight);
  return (
    <div className={styles.weight} data-testid={`weight-${id}`}>
      <div className={styles.line}>
        <span>{t('weight.name')}</span>
        <b>{percent}</b>
      </div>
      <HorizontalSlider
        label={t('weight.of', { channel: tag })}
        position={weight}
        valueText={percent}
        valueNow={Math.round(weight * 1000) / 10}
        valueMin={0}
        valueMax={100}
        disabled={active}
        page={0.05}
        onMove={(moved) => useRecipe.getState().edit((recipe) => withWeight(recipe, id, rounded(moved)))}
      />
      <div className={styles.line}>
        <span>{t('weight.tokens')}</span>
        <span>{format.percent(tokens)}</span>
      </div>
    </div>
  );
}
