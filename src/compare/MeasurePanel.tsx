/** Which channels are measured on how many rows, and the table of what came out. */
import { Button, Chip } from '@mantine/core';
import { Gauge } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { useFormat } from '../i18n/format';
import { Card } from '../ui/Card';
import { EmptyState } from '../ui/EmptyState';
import { ErrorBanner } from '../ui/ErrorBanner';
import { NumberField } from '../ui/NumberField';
import { ProgressLine } from '../ui/ProgressLine';
import { useComparedName } from './channel-names';
import { ChannelTable } from './ChannelTable';
import { useCompare } from './store';
import type { ComparisonSummary } from './summary';
import styles from './Measure.module.css';

export function MeasurePanel({ summary }: { summary: ComparisonSummary | null }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const comparedName = useComparedName();
  const { choices, chosen, rowsPerChannel, activity, progress, evaluation, evaluationError, toggleChannel, setRows, evaluate, cancel } =
    useCompare(
      useShallow((state) => ({
        choices: state.choices,
        chosen: state.chosen,
        rowsPerChannel: state.rowsPerChannel,
        activity: state.activity,
        progress: state.progress,
        evaluation: state.evaluation,
        evaluationError: state.evaluationError,
        toggleChannel: state.toggleChannel,
        setRows: state.setRows,
        evaluate: state.evaluate,
        cancel: state.cancel,
      })),
    );
  const stale =
    evaluation !== null &&
    (evaluation.rowsPerChannel !== rowsPerChannel || evaluation.channels.map((channel) => channel.id).join() !== chosen.join());
  return (
    <Card title={t('measure.title')} className={styles.panel}>
      <div className={styles.controls}>
        <div role="group" aria-label={t('measure.channels')} className={styles.chips}>
          {choices.map((channel) => (
            <Chip
              key={channel.id}
              size="xs"
              variant="outline"
              checked={chosen.includes(channel.id)}
              disabled={activity === 'evaluate'}
              onChange={() => toggleChannel(channel.id)}
            >
              {comparedName(channel).name}
            </Chip>
          ))}
        </div>
        <div className={styles.rows}>
          <NumberField
            label={t('measure.rows')}
            value={rowsPerChannel}
            min={1}
            max={4096}
            integer
            disabled={activity === 'evaluate'}
            onChange={setRows}
          />
          <Button
            size="xs"
            variant={evaluation === null ? 'filled' : 'default'}
            leftSection={<Gauge size={14} />}
            disabled={activity !== null || chosen.length === 0}
            onClick={() => void evaluate()}
          >
            {evaluation === null ? t('measure.run') : t('measure.again')}
          </Button>
        </div>
      </div>
      {chosen.length === 0 && <p className={styles.note}>{t('measure.noChannel')}</p>}
      {activity === 'evaluate' && <ProgressLine progress={progress} onCancel={() => void cancel()} />}
      {evaluationError && (
        <div className={styles.error}>
          <ErrorBanner error={evaluationError} onRetry={() => void evaluate()} />
        </div>
      )}
      {evaluation && summary ? (
        <>
          <p className={styles.note} role="status">
            {t(evaluation.stored ? 'measure.stored' : 'measure.fresh', { rows: format.count(evaluation.rowsPerChannel) })}
            {stale && ` ${t('measure.stale')}`}
          </p>
          {!summary.comparable && <p className={styles.warning}>{t('measure.vocabulary')}</p>}
          <ChannelTable summary={summary} />
        </>
      ) : (
        activity !== 'evaluate' && (
          <EmptyState icon={Gauge} title={t('measure.empty')}>
            <p>{t('measure.emptyText')}</p>
          </EmptyState>
        )
      )}
    </Card>
  );
}
