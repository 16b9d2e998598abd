/** A difference of losses against the base: signed, coloured, and with an arrow and words, so that colour is never alone. */
import { ArrowDown, ArrowUp, Equal } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import styles from './Delta.module.css';

/** @param value nats per token; below zero is better. Null shows a dash. */
export function Delta({ value }: { value: number | null }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (value === null || !Number.isFinite(value)) return <span className={styles.none}>{t('none')}</span>;
  const rounded = Number(value.toFixed(3));
  const tone = rounded < 0 ? 'good' : rounded > 0 ? 'bad' : 'same';
  const Icon = tone === 'good' ? ArrowDown : tone === 'bad' ? ArrowUp : Equal;
  const words = t(tone === 'good' ? 'better' : tone === 'bad' ? 'worse' : 'unchanged');
  return (
    <span className={styles.delta} data-tone={tone} title={words}>
      <Icon size={12} strokeWidth={2.6} aria-hidden />
      {format.delta(value)}
      <span className={styles.hidden}> {words}</span>
    </span>
  );
}
