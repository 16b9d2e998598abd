/**
 * The second, small fader of a channel strip, where the recipe weighs channels apart from their shares: the weight of the channel's mean loss in
 * the objective, with the share of the tokens that the channel really has had beside it. It moves while a run trains too.
 */
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import type { Channel } from '../core/recipe/schema';
import { useFormat } from '../i18n/format';
import { HorizontalSlider } from '../ui/Slider';
import { moveWeight, useWeight } from './live-settings';
import { useRun } from './run-store';
import styles from './ObjectiveWeight.module.css';

/** Share of the predicted tokens of the run so far; null before a run. */
function useTokenShare(id: string): number | null {
  return useRun(({ run }) => {
    const total = run?.channels.reduce((sum, { tokens }) => sum + (tokens ?? 0), 0) ?? 0;
    return total > 0 ? (run?.channels.find((channel) => channel.id === id)?.tokens ?? 0) / total : null;
  });
}

export default function ObjectiveWeight({ channel: { id } }: { channel: Channel }) {
  const { t } = useTranslation('recipe');
  const format = useFormat();
  const tag = useChannelTag()(id);
  const weight = useWeight(id);
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
        page={0.05}
        onMove={(moved, final) => moveWeight(id, moved, final)}
      />
      <div className={styles.line}>
        <span>{t('weight.tokens')}</span>
        <span>{format.percent(tokens)}</span>
      </div>
    </div>
  );
}
