/** A run's symptoms in the person's language. */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import type { Symptom } from '../core/diagnosis/symptoms';
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
