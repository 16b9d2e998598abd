/** Forgetting risk from the probes of four abilities; until they were asked, a button that asks them. */
import { useState } from 'react';
import { Button } from '@mantine/core';
import { MessageCircleQuestion } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { riskLevel, type AbilityGroup, type RiskLevel } from '../../core/metrics/forgetting-risk';
import { useFormat } from '../../i18n/format';
import { Card } from '../../ui/Card';
import { Figure } from '../../ui/Figure';
import { Estimated } from '../Estimated';
import { useMeasures } from '../measures-store';
import { useCompare } from '../store';
import { ThirdLine } from './ThirdLine';
import styles from './Summary.module.css';

const TONES = { low: 'good', medium: 'warn', high: 'bad' } as const;

export function RiskCard() {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const asked = useMeasures((state) => state.results.probes);
  const [risk, third] = asked?.measure.risk ?? [];
  return (
    <Card title={t('risk.title')} className={styles.card} data-testid="forgetting-risk">
      <Figure
        tone={risk ? TONES[risk.level] : 'plain'}
        value={
          risk ? (
            <>
              {t(`risk.${risk.level}`)}{' '}
              <span className={styles.interval}>
                <Estimated estimate={risk}>{format.decimal(risk.value, 3)}</Estimated>
              </span>
            </>
          ) : (
            '—'
          )
        }
      >
        <p className={styles.sentence}>
          {risk ? (
            <span>
              {t(`risk.${risk.level}Text`)} <Parts parts={risk.parts} />{' '}
              {risk.interval && spans(risk.level, risk.interval) && t('risk.unclear')}
            </span>
          ) : (
            t(asked ? 'risk.uninformative' : 'risk.empty')
          )}
        </p>
      </Figure>
      {third && (
        <ThirdLine>
          {t(`risk.${third.level}`)} <Estimated estimate={third}>{format.decimal(third.value, 3)}</Estimated>
        </ThirdLine>
      )}
      {!asked && <AskButton />}
    </Card>
  );
}

const spans = (level: RiskLevel, { low, high }: { low: number; high: number }) => riskLevel(low) !== level || riskLevel(high) !== level;

function Parts({ parts }: { parts: readonly { group: AbilityGroup; score: number | null }[] }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  return parts
    .map(({ group, score }) =>
      score === null
        ? t('risk.partUninformative', { group: t(`risk.group.${group}`) })
        : t('risk.part', { group: t(`risk.group.${group}`), score: format.decimal(score, 2) }),
    )
    .join(' · ');
}

function AskButton() {
  const { t } = useTranslation('compare');
  const show = useCompare((state) => state.show);
  const busy = useCompare((state) => state.activity !== null);
  const running = useMeasures((state) => state.running === 'probes');
  const [opening, setOpening] = useState(false);
  const ask = async () => {
    setOpening(true);
    show('probes');
    try {
      const { measureProbeSets } = await import('../probes/measure-probes');
      await measureProbeSets();
    } finally {
      setOpening(false);
    }
  };
  return (
    <Button
      size="xs"
      variant="default"
      className={styles.ask}
      leftSection={<MessageCircleQuestion size={14} />}
      loading={running || opening}
      disabled={busy && !running}
      onClick={() => void ask()}
    >
      {t('risk.ask')}
    </Button>
  );
}
