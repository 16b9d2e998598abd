/** Numbers that stand out: a big one with a sentence, and a difference of losses against the base. */
import type { ReactNode } from 'react';
import { VisuallyHidden } from '@mantine/core';
import { ArrowDown, ArrowUp, Equal } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import styles from './Figure.module.css';

interface FigureProps {
  value: ReactNode;
  tone?: 'good' | 'bad' | 'warn' | 'plain';
  children?: ReactNode;
}

export function Figure({ value, tone = 'plain', children }: FigureProps) {
  return (
    <div>
      <div className={styles.value} data-tone={tone}>
        {value}
      </div>
      {children !== undefined && <div className={styles.note}>{children}</div>}
    </div>
  );
}

/** A difference of losses against the base: signed, coloured, and with an arrow and words, so that colour is never alone. */
interface DeltaProps {
  /** nats per token; below zero is better. Null shows a dash. */
  value: number | null;
  /** Chance alone may have made it: it bears no colour. */
  unclear?: boolean;
}

export function Delta({ value, unclear = false }: DeltaProps) {
  const { t } = useTranslation();
  const format = useFormat();
  if (value === null || !Number.isFinite(value)) return <span className={styles.none}>{t('none')}</span>;
  const rounded = Number(value.toFixed(3));
  const Icon = rounded < 0 ? ArrowDown : rounded > 0 ? ArrowUp : Equal;
  const tone = rounded === 0 || unclear ? 'same' : rounded < 0 ? 'good' : 'bad';
  const words = t(rounded === 0 ? 'unchanged' : unclear ? 'unclear' : rounded < 0 ? 'better' : 'worse');
  return (
    <span className={styles.delta} data-tone={tone} title={words}>
      <Icon size={12} strokeWidth={2.6} aria-hidden />
      {format.delta(value)}
      <VisuallyHidden> {words}</VisuallyHidden>
    </span>
  );
}
