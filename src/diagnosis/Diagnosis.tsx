/** What a run suffers from: each finding with the stretches of curves that show it, its likely cause, and one change for a new run. */
import { Button } from '@mantine/core';
import { ArrowRight, SlidersVertical } from 'lucide-react';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Advice } from '../core/diagnosis/advice';
import { diagnose, type Finding as Found } from '../core/diagnosis/diagnose';
import type { RunSnapshot } from '../core/run/types';
import { EvidenceList } from './EvidenceList';
import { useReadingWords } from './reading-words';
import { useChangeWords } from './recipe-words';
import styles from '../ui/diagnosis/Diagnosis.module.css';

interface Props {
  snapshot: RunSnapshot;
  onApply: (advice: Advice) => void;
}

export default function Diagnosis({ snapshot, onApply }: Props) {
  const { t } = useTranslation('diagnosis');
  const findings = useMemo(() => diagnose(snapshot), [snapshot]);
  const evaluations = Math.max(0, ...snapshot.channels.map(({ id }) => snapshot.heldOut[id]?.x.length ?? 0));
  if (findings.length === 0) return <p className={styles.nothing}>{t(evaluations < 2 ? 'waiting' : 'nothing')}</p>;
  return (
    <ul className={styles.findings}>
      {findings.map((finding, at) => (
        <Finding
          key={`${finding.kind}-${String(finding.values['channel'] ?? at)}`}
          finding={finding}
          snapshot={snapshot}
          onApply={onApply}
        />
      ))}
    </ul>
  );
}

/** Kinds that have words: readings that are no fault are never findings. */
type Kind = Exclude<Found['kind'], 'preparing' | 'baseline' | 'on-course' | 'even'>;

function Finding({ finding, snapshot, onApply }: Props & { finding: Found }) {
  const { t } = useTranslation('diagnosis');
  const words = useReadingWords();
  const kind = finding.kind as Kind;
  const { what, advice: meaning } = words(finding);
  const { advice, evidence } = finding;
  return (
    <li data-finding={kind}>
      <div className={styles.said}>
        <p className={styles.title}>{t(`finding.${kind}.title`)}</p>
        <p>{what}</p>
        <p className={styles.cause}>
          <b>{t('cause')}</b> {t(`finding.${kind}.cause`)}
        </p>
      </div>
      {evidence.length > 0 && (
        <div className={styles.evidence}>
          <p className={styles.part}>{t('evidence')}</p>
          <EvidenceList evidence={evidence} snapshot={snapshot} />
        </div>
      )}
      <div className={styles.change}>
        <p className={styles.part}>{t('change')}</p>
        {advice ? <Change advice={advice} onApply={onApply} /> : <p>{`${t('noChange')} ${meaning}`}</p>}
      </div>
    </li>
  );
}

function Change({ advice, onApply }: { advice: Advice; onApply: (advice: Advice) => void }) {
  const { t } = useTranslation('diagnosis');
  const words = useChangeWords();
  const name = t(`advice.${advice.kind}`);
  return (
    <>
      <p>{name}</p>
      <dl className={styles.diff}>
        {advice.changes.map((change) => {
          const { field, from, to } = words(change);
          return (
            <div key={change.field} data-field={change.field}>
              <dt>{field}</dt>
              <dd>
                <del>{from}</del> <ArrowRight size={12} aria-label={t('to')} /> <ins>{to}</ins>
              </dd>
            </div>
          );
        })}
      </dl>
      <Button
        size="xs"
        variant="light"
        leftSection={<SlidersVertical size={14} aria-hidden />}
        aria-label={t('applyLabel', { advice: name })}
        onClick={() => onApply(advice)}
      >
        {t('apply')}
      </Button>
    </>
  );
}
