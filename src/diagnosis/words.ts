/** A run's symptoms and changes of a recipe in the person's language. */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import type { Symptom } from '../core/diagnosis/symptoms';
import type { RecipeDifference } from '../core/recipe/diff';
import { useFormat } from '../i18n/format';

const NONE = {
  channel: '',
  fall: '',
  retention: '',
  gap: '',
  epochs: '',
  peak: '',
  now: '',
  growth: '',
  swing: '',
  loss: '',
  mean: '',
  step: '',
};

/** What a symptom shows, and what it asks for. */
export function useSymptomWords(): (symptom: Symptom) => { what: string; advice: string } {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const tag = useChannelTag();
  return useCallback(
    ({ kind, values }) => {
      const write: Record<string, (value: number) => string> = {
        retention: format.retention,
        step: format.count,
        epochs: (value) => format.decimal(value, 1),
      };
      const shown: Record<string, unknown> = { ...NONE };
      for (const [name, value] of Object.entries(values))
        shown[name] = typeof value === 'string' ? tag(value) : (write[name]?.(value) ?? format.decimal(value, 2));
      return { what: t(`reading.${kind}.what`, shown), advice: t(`reading.${kind}.do`, shown) };
    },
    [t, format, tag],
  );
}

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
/** A change of a recipe in words, as a line of a list or as one sentence. */
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
