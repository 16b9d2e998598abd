/** The model that was made: where it can be used, and its bits per byte beside those of the model it came from. */
import { Button } from '@mantine/core';
import { CircleCheck, Gauge, SlidersVertical } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { bitsPerByte } from '../core/metrics/loss';
import type { ChannelEvaluation } from '../core/run/types';
import { useFormat } from '../i18n/format';
import { deskPath } from '../lab/desk-path';
import { ChannelTag } from '../channels/ChannelTag';
import { useCorpusName } from './corpus-name';
import { useGrowth } from './grow-store';
import { useTokenizers } from './store';
import styles from './Growth.module.css';

const bits = (channel: ChannelEvaluation | undefined) => (channel ? bitsPerByte(channel.loss, channel.tokens, channel.bytes) : null);

export function GrowthOutcome() {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  const corpusName = useCorpusName();
  const corpora = useTokenizers((state) => state.corpora);
  const report = useTokenizers((state) => state.report);
  const { made, base, comparison, activity, measure } = useGrowth();
  const [, navigate] = useLocation();
  if (!made || !base) return null;
  return (
    <section className={styles.outcome} aria-label={t('grow.outcome')} data-testid="growth-outcome">
      <p className={styles.done} role="status">
        <CircleCheck size={15} aria-hidden />
        {t('grow.done', { name: made.name, ids: format.count(made.vocabulary), base: base.name })}
      </p>
      <div className={styles.actions}>
        <Button size="xs" leftSection={<SlidersVertical size={14} />} onClick={() => void deskPath(made).then(navigate, report)}>
          {t('grow.desk')}
        </Button>
        <Button size="xs" variant="default" leftSection={<Gauge size={14} />} disabled={activity !== null} onClick={() => void measure()}>
          {t(comparison ? 'grow.again' : 'grow.measure')}
        </Button>
      </div>
      {comparison && (
        <>
          <p className={styles.dim}>{t('grow.measured')}</p>
          <table className={styles.table} data-testid="growth-bits">
            <thead>
              <tr>
                <th scope="col">{t('fertility.channel')}</th>
                <th scope="col">{t('grow.before')}</th>
                <th scope="col">{t('grow.after')}</th>
                <th scope="col">Δ</th>
              </tr>
            </thead>
            <tbody>
              {corpora.map((corpus) => {
                const before = bits(comparison.a.channels[corpus.id]);
                const after = bits(comparison.b.channels[corpus.id]);
                const delta = before === null || after === null ? null : after - before;
                return (
                  <tr key={corpus.id} data-channel={corpus.id}>
                    <th scope="row">
                      <ChannelTag id={corpusName(corpus)} corpus={corpus.id} />
                    </th>
                    <td>{format.decimal(before, 3)}</td>
                    <td>{format.decimal(after, 3)}</td>
                    <td data-tone={delta === null || Math.abs(delta) < 0.0005 ? 'same' : delta < 0 ? 'good' : 'bad'}>
                      {format.delta(delta)}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </>
      )}
    </section>
  );
}
