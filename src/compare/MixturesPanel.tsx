/** Mixtures ranked by merging: what is there and what is missing, the predicted curve with the trained mixtures on it, and how far both agree. */
import { Button } from '@mantine/core';
import { Play } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { channelColour, ChannelTag, useChannelTag } from '../channels/channel';
import { ProgressLine } from '../channels/ProgressLine';
import { LineFigure } from '../charts/Picture';
import type { Line } from '../charts/still-charts';
import { domainShare } from '../core/recipe/edits';
import { useFormat } from '../i18n/format';
import { ErrorBanner } from '../ui/Banner';
import { MeasureControl } from './MeasureControl';
import { missingRuns, rankingKey, useMixtures, type Changes, type MixtureRanking, type MixtureSubject } from './mixtures';
import { useCompare } from './store';
import styles from './Mixtures.module.css';

const SIZE = { width: 640, height: 260, fontSize: 12 };

export function MixturesPanel({ subject }: { subject: MixtureSubject }) {
  const { t } = useTranslation('merge');
  const ranking = useMixtures((state) => state.ranking);
  const rank = useMixtures((state) => state.rank);
  useCompare((state) => state.documentsPerChannel);
  const ready = subject.reference.channels.every(({ id }) => subject.experts.has(id));
  const shown = ranking && ranking.curve.length > 0 ? ranking : null;
  return (
    <>
      <p className={styles.lead}>{t('mixtures.lead')}</p>
      <Stock subject={subject} />
      <MeasureControl
        kind="merge"
        first={t('mixtures.run')}
        again={t('mixtures.run')}
        disabled={!ready}
        onMeasure={() => void rank(subject)}
      />
      {shown && (
        <>
          {shown.key !== rankingKey(subject) && <p className={styles.stale}>{t('mixtures.stale')}</p>}
          <Agreement ranking={shown} />
          <Curve ranking={shown} subject={subject} />
          <Table ranking={shown} subject={subject} />
        </>
      )}
    </>
  );
}

/** Experts and mixtures that are there, and a button that trains what is missing. */
function Stock({ subject }: { subject: MixtureSubject }) {
  const { t } = useTranslation('merge');
  const format = useFormat();
  const tag = useChannelTag();
  const { training, error, train, stop } = useMixtures();
  const { reference, experts, mixtures } = subject;
  const missing = missingRuns(subject);
  const name = (of: { channel: string } | { domain: number }): string =>
    'channel' in of ? t('mixtures.expert', { channel: tag(of.channel) }) : t('mixtures.mixture', { share: format.percent(of.domain) });
  return (
    <div className={styles.stock} data-testid="mixtures-stock">
      <dl>
        <dt>{t('mixtures.experts')}</dt>
        {reference.channels.map(({ id, corpus }) => {
          const run = experts.get(id)?.run;
          return (
            <dd key={id} data-missing={run === undefined}>
              <ChannelTag id={tag(id)} corpus={corpus} />{' '}
              {run ? t('mixtures.steps', { count: run.step, formatted: format.count(run.step) }) : t('mixtures.none')}
            </dd>
          );
        })}
        <dt>{t('mixtures.trained')}</dt>
        {mixtures.map(({ run }) => (
          <dd key={run.id}>
            {run.name} ({t('mixtures.domain', { share: format.percent(domainShare(run.recipe)) })})
          </dd>
        ))}
      </dl>
      {training ? (
        <ProgressLine
          progress={{
            phase: 'train',
            item: t('mixtures.training', { name: training.name, at: training.at + 1, of: training.of }),
            done: training.step,
            total: training.steps,
          }}
          onCancel={() => void stop()}
        />
      ) : (
        missing.length > 0 && (
          <Button
            size="xs"
            variant="default"
            leftSection={<Play size={14} />}
            onClick={() => void train(subject, name)}
            title={missing.map(name).join(', ')}
          >
            {t('mixtures.train', { count: missing.length })}
          </Button>
        )
      )}
      {error && <ErrorBanner error={error} />}
    </div>
  );
}

function Agreement({ ranking: { agreement, mixtures } }: { ranking: MixtureRanking }) {
  const { t } = useTranslation('merge');
  const format = useFormat();
  return (
    <p className={styles.verdict} role="status" data-testid="mixtures-verdict">
      {agreement === null
        ? t('mixtures.few', { count: mixtures.length })
        : `${t('mixtures.alike', {
            alike: format.count(agreement.alike),
            pairs: format.count(agreement.pairs),
            interval: format.interval(agreement.share, 2),
          })} ${t(`mixtures.verdict.${agreement.verdict}`)}`}
    </p>
  );
}

function Curve({ ranking: { curve, mixtures }, subject }: { ranking: MixtureRanking; subject: MixtureSubject }) {
  const { t } = useTranslation('merge');
  const format = useFormat();
  const tag = useChannelTag();
  const lines = subject.reference.channels.flatMap(({ id, corpus }): Line[] => {
    const colour = channelColour(corpus);
    const predicted: Line = {
      name: tag(id),
      colour,
      dash: '5 3',
      x: curve.map(({ domain }) => domain),
      y: curve.map((one) => one.predicted[id] ?? null),
    };
    // A single point is a dot without a name.
    const measured = mixtures.map((one): Line => ({ name: '', colour, faint: true, x: [one.domain], y: [one.measured[id] ?? null] }));
    return [predicted, ...measured];
  });
  const chart = {
    title: t('mixtures.chart', { count: mixtures.length }),
    xTitle: t('mixtures.axis'),
    lines,
    tick: (share: number) => format.percent(share, 0),
  };
  return (
    <LineFigure
      chart={chart}
      size={SIZE}
      name="mixtures"
      caption={t('mixtures.legend')}
      className={styles.curve}
      table={() => ({
        columns: ['line', 'domain_share', 'loss'],
        rows: lines.flatMap(({ name, x, y }) => x.map((share, at) => [name || 'measured', share, y[at] ?? null])),
      })}
    />
  );
}

/** Each channel's rank correlation, then each trained mixture with what was predicted for it. */
function Table({ ranking: { agreement, mixtures }, subject }: { ranking: MixtureRanking; subject: MixtureSubject }) {
  const { t } = useTranslation('merge');
  const format = useFormat();
  const tag = useChannelTag();
  const { channels } = subject.reference;
  const pair = (predicted: Changes, measured: Changes, id: string) =>
    `${format.delta(predicted[id] ?? null)} → ${format.delta(measured[id] ?? null)}`;
  if (mixtures.length === 0) return null;
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('mixtures.table')}>
      <table className={styles.table} data-testid="mixtures-table">
        <caption>{t('mixtures.caption')}</caption>
        <thead>
          <tr>
            <th scope="col" className={styles.first}>
              {t('mixtures.trained')}
            </th>
            {channels.map(({ id, corpus }) => (
              <th key={id} scope="col">
                <ChannelTag id={tag(id)} corpus={corpus} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {mixtures.map(({ name, domain, predicted, measured }, at) => (
            <tr key={at}>
              <th scope="row" className={styles.first}>
                {name.includes(format.percent(domain)) ? name : `${name} · ${format.percent(domain)}`}
              </th>
              {channels.map(({ id }) => (
                <td key={id}>{pair(predicted, measured, id)}</td>
              ))}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" className={styles.first}>
              {t('mixtures.rho')}
            </th>
            {channels.map(({ id }) => {
              const rho = agreement?.rho[id];
              return <td key={id}>{rho ? `${format.decimal(rho.value, 2)} ${format.interval(rho.interval, 2)}` : '—'}</td>;
            })}
          </tr>
        </tfoot>
      </table>
    </div>
  );
}
