/** What training this model takes in memory, for a batch that a person can set. */
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { NumberField } from '../ui/NumberField';
import type { ArchitectureFacts } from './architecture';
import { modelShape } from './architecture';
import { trainingMemory } from './memory';
import styles from './Models.module.css';

const PARTS = ['weights', 'gradients', 'moments', 'activations'] as const;

export function MemoryEstimate({ facts }: { facts: ArchitectureFacts }) {
  const { t } = useTranslation('models');
  const format = useFormat();
  const [rows, setRows] = useState(8);
  const [context, setContext] = useState(Math.min(128, facts.context));
  const shape = modelShape(facts);
  if (!shape) return <p className={styles.dim}>{t('memory.unknown')}</p>;
  const memory = trainingMemory(shape, rows, context);
  const words = Object.fromEntries(PARTS.map((part) => [part, format.bytes(memory[part])])) as Record<(typeof PARTS)[number], string>;
  return (
    <section className={styles.memory} aria-label={t('memory.title')}>
      <div className={styles.memoryHead}>
        <div>
          <h3>{t('memory.title')}</h3>
          <b className={styles.total}>{t('memory.total', { bytes: format.bytes(memory.total) })}</b>
        </div>
        <div className={styles.batch}>
          <NumberField label={t('memory.rows')} value={rows} min={1} max={512} integer onChange={setRows} />
          <NumberField label={t('memory.context')} value={context} min={8} max={facts.context} step={8} integer onChange={setContext} />
        </div>
      </div>
      <div className={styles.bar} role="img" aria-label={t('memory.label', words)}>
        {PARTS.map((part) => (
          <i key={part} data-part={part} style={{ flexGrow: memory[part] / memory.total }} />
        ))}
      </div>
      <ul className={styles.parts}>
        {PARTS.map((part) => (
          <li key={part}>
            <i data-part={part} aria-hidden />
            {t(`memory.${part}`)} <b>{words[part]}</b>
          </li>
        ))}
      </ul>
      <p className={styles.dim}>{t('memory.note')}</p>
    </section>
  );
}
