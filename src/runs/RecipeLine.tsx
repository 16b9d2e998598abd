/** A recipe at a glance: its shares as a bar in the channels' colours, and the settings that matter most. */
import { useTranslation } from 'react-i18next';
import type { Recipe } from '../core/recipe/schema';
import { useFormat } from '../i18n/format';
import { channelColour } from '../channels/channel-colour';
import styles from './Runs.module.css';

export function RecipeLine({ recipe, presetTitle }: { recipe: Recipe; presetTitle: string | null }) {
  const { t } = useTranslation('runs');
  const format = useFormat();
  const { schedule, strategy, batchSize, gradientAccumulationSteps, sequenceLength } = recipe;
  const facts = [
    t('recipe.preset', { title: presetTitle ?? recipe.name }),
    ...(strategy.kind === 'mixed' ? [] : [t(`recipe.strategy.${strategy.kind}`)]),
    t('recipe.lr', { lr: format.lr(schedule.peakLr) }),
    t(`recipe.schedule.${schedule.kind}`),
    t('recipe.batch', { rows: format.count(batchSize * gradientAccumulationSteps), length: format.count(sequenceLength) }),
  ];
  const shares = recipe.channels.map((channel) => `${channel.id} ${format.percent(channel.share)}`).join(', ');
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
