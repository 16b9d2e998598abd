/** A change of a recipe in words, as a line of a list or as one sentence. */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { RecipeDifference } from '../core/recipe/diff';
import { useChannelTag } from '../channels/channel-name';

const FIELDS = {
  'schedule.peakLr': 'peakLr',
  'schedule.warmup.value': 'warmup',
  'schedule.warmup.unit': 'warmupUnit',
  'budget.steps': 'steps',
  batchSize: 'rows',
  gradientAccumulationSteps: 'accumulation',
  activationCheckpointing: 'checkpointing',
  sequenceLength: 'context',
  'strategy.kind': 'strategy',
} as const;
const VALUES = ['true', 'false', 'mixed', 'domain-only', 'ratio', 'steps'] as const;

export interface ChangeWords {
  field: string;
  from: string;
  to: string;
}

/** A field without words of its own keeps its path. */
export function useChangeWords(): (change: RecipeDifference) => ChangeWords {
  const { t } = useTranslation('diagnosis');
  const tag = useChannelTag();
  return useCallback(
    ({ field, a, b }) => {
      const channel = /^channels\.(.+)\.share$/.exec(field)?.[1];
      const known = Object.hasOwn(FIELDS, field) ? FIELDS[field as keyof typeof FIELDS] : null;
      const value = (text: string) => {
        const name = VALUES.find((one) => one === text);
        return name ? t(`value.${name}`) : text;
      };
      return {
        field: channel !== undefined ? t('field.share', { channel: tag(channel) }) : known ? t(`field.${known}`) : field,
        from: value(a),
        to: value(b),
      };
    },
    [t, tag],
  );
}
