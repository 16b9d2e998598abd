/** Says why two sets of weights cannot be laid over each other, and what of this page still compares them. */
import { Shapes } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { ErrorRecord } from '../../core/errors';
import { Banner } from '../../ui/Banner';
import type { Place } from '../store';

export function Apart({ place, error }: { place: Place; error: ErrorRecord }) {
  const { t } = useTranslation('inside');
  const { values } = error;
  const letter = place.toUpperCase();
  const why =
    error.code === 'tensor-shape'
      ? t('apart.tensor', { letter, tensor: values['tensor'], found: values['found'], expected: values['expected'] })
      : values['value'] === values['accepted']
        ? t('apart.tokens', { letter })
        : t('apart.heads', { letter, found: values['value'], expected: values['accepted'] });
  return (
    <Banner tone="warn" icon={Shapes}>
      <span>
        <strong>{why}</strong> {t('apart.still')}
      </span>
    </Banner>
  );
}
