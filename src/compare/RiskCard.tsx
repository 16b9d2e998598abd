/** Forgetting risk from the probes of four abilities; until they are asked here, the run's own sampled risk and a button that asks. */
import { useMemo, useState } from 'react';
import { Button } from '@mantine/core';
import { MessageCircleQuestion } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { riskLevel, type AbilityGroup, type RiskLevel } from '../core/metrics/forgetting-risk';
import type { Estimate } from '../core/metrics/text-measure';
import { useFormat } from '../i18n/format';
import { Card } from '../ui/Card';
import { Figure } from '../ui/Figure';
import { storedRisks } from './figures';
import { Estimated } from '../ui/marks';
import { useMeasures } from './measures';
import { findSource } from './sources';
import { useCompare } from './store';
import { ThirdLine } from './SummaryCards';
import styles from './SummaryCards.module.css';

/** Colours of the levels of forgetting risk. */
export const RISK_TONES = { low: 'good', medium: 'warn', high: 'bad' } as const;

interface Risk extends Estimate {
  level: RiskLevel;
  /** Of probes asked here. */
  parts?: readonly { group: AbilityGroup; score: number | null }[];
  /** Questions of the run's own sample. */
  items?: number;
}

/** What the run found by its sample of probes while it trained: of B, and of the third. */
function useStoredRisks(): (Risk | undefined)[] {
  const groups = useCompare((state) => state.groups);
  const { a, b, c } = useCompare((state) => state.address);
  const checkpoints = useCompare((state) => state.checkpoints);
  return useMemo(() => {
    const picked = [a, b, c].flatMap((key) => findSource(groups, key) ?? []);
    return storedRisks(picked, checkpoints)
      .slice(1)
      .map((found) => (found?.risk ? { ...found.risk, level: riskLevel(found.risk.value), items: found.items } : undefined));
  }, [groups, a, b, c, checkpoints]);
}

export function RiskCard() {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const asked = useMeasures((state) => state.results.probes);
  const stored = useStoredRisks();
  const [risk, third]: (Risk | undefined)[] = asked ? (asked.measure.risk ?? []) : stored;
  return (
    <Card title={t('risk.title')} className={styles.card} data-testid="forgetting-risk">
      <Figure
        tone={risk ? RISK_TONES[risk.level] : 'plain'}
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
              {t(`risk.${risk.level}Text`)} {risk.parts ? <Parts parts={risk.parts} /> : t('risk.sampled', { count: risk.items ?? 0 })}{' '}
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
  const told = parts.flatMap(({ group, score }) =>
    score === null ? [] : [t('risk.part', { group: t(`risk.group.${group}`), score: format.decimal(score, 2) })],
  );
  const guessed = parts.filter(({ score }) => score === null).map(({ group }) => t(`risk.group.${group}`));
  return (
    <>
      {t('risk.parts', { parts: told.join(t('retention.comma')) })}{' '}
      {guessed.length > 0 && t('risk.guessed', { groups: guessed.join(t('retention.comma')) })}
    </>
  );
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
      const { measureProbeSets } = await import('./probes/store');
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
