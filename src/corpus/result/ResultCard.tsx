/** Step 4: what the pipeline kept and dropped, channel by channel; every number opens its rows. */
import { lazy, Suspense, useEffect, useState } from 'react';
import { Button } from '@mantine/core';
import { SlidersHorizontal } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { PreparationRecord, WorkshopChannel } from '../../contract/corpus';
import { useFormat } from '../../i18n/format';
import { Card } from '../../ui/Card';
import { colourOf } from '../channels/colours';
import { useWorkshop } from '../channels/store';
import { useCorpora } from '../store';
import { deskPathOf } from './desk-recipe';
import { ExportPanel } from './ExportPanel';
import { Funnel } from './Funnel';
import { Histograms } from './Histograms';
import { Notes } from './Notes';
import { PersonalCounts } from './PersonalCounts';
import { useRows } from './rows-store';
import styles from './Result.module.css';

const RowsDrawer = lazy(() => import('./RowsDrawer').then((module) => ({ default: module.RowsDrawer })));

export default function ResultCard() {
  const { t } = useTranslation('corpus');
  const { channels, preparations } = useWorkshop();
  const [chosen, setChosen] = useState<string | null>(null);
  const looking = useRows((state) => state.preparation !== null);
  const prepared = channels.flatMap((channel) => {
    const preparation = preparations.find(({ id }) => id === channel.preparation);
    return preparation ? [{ channel, preparation }] : [];
  });
  const current = prepared.find(({ channel }) => channel.id === chosen) ?? prepared[0];
  if (!current)
    return (
      <Card title={t('steps.result')} data-testid="result">
        <p className={styles.dim}>{t('result.none')}</p>
      </Card>
    );
  return (
    <Card title={t('steps.result')} data-testid="result">
      <div className={styles.body}>
        <div className={styles.tabs} role="group" aria-label={t('result.channels')}>
          {prepared.map(({ channel }) => (
            <button
              key={channel.id}
              type="button"
              aria-pressed={channel === current.channel}
              style={{ color: colourOf(channel.colour) }}
              onClick={() => setChosen(channel.id)}
            >
              <i aria-hidden />
              {channel.name}
            </button>
          ))}
        </div>
        <ChannelResult channel={current.channel} preparation={current.preparation} />
        <Use channels={prepared.map(({ channel }) => channel)} />
        <ExportPanel channels={prepared.map(({ channel }) => channel)} />
      </div>
      {looking && (
        <Suspense fallback={null}>
          <RowsDrawer preparations={preparations} />
        </Suspense>
      )}
    </Card>
  );
}

function ChannelResult({ channel, preparation }: { channel: WorkshopChannel; preparation: PreparationRecord }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const report = preparation.report.channels.find((found) => found.channel.id === channel.id);
  if (!report) return null;
  const kept = report.kept.train.rows + report.kept.heldOut.rows;
  return (
    <>
      <p className={styles.lead}>
        <strong>
          {t('result.kept', {
            kept: format.count(kept),
            in: format.count(report.in.rows),
            share: format.percent(report.in.rows === 0 ? null : kept / report.in.rows),
          })}
        </strong>{' '}
        <span className={styles.dim}>{t('result.from', { date: format.dateTime(preparation.createdAt) })}</span>
      </p>
      <Notes channel={channel} preparation={preparation} />
      <div className={styles.columns}>
        <Funnel preparation={preparation.id} report={report} colour={channel.colour} />
        <div className={styles.side}>
          <Histograms preparation={preparation.id} report={report} colour={channel.colour} />
          <PersonalCounts preparation={preparation} report={report} />
        </div>
      </div>
    </>
  );
}

function Use({ channels }: { channels: readonly WorkshopChannel[] }) {
  const { t } = useTranslation('corpus');
  const corpora = useCorpora((state) => state.corpora);
  const [path, setPath] = useState('/desk');
  const usable = corpora.filter((corpus) => channels.some((channel) => channel.corpus === corpus.id));
  const key = usable.map(({ id, role }) => `${id} ${role}`).join();
  useEffect(() => {
    let current = true;
    deskPathOf(usable).then(
      (found) => current && setPath(found),
      // The desk alone is a way there too.
      () => current && setPath('/desk'),
    );
    return () => {
      current = false;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key says all that the path is made of
  }, [key]);
  return (
    <section className={styles.use} aria-label={t('result.use')}>
      <div>
        <h3>{t('result.use')}</h3>
        <p className={styles.dim}>{t(usable.length > 0 ? 'result.useHint' : 'result.useNone')}</p>
      </div>
      {usable.length > 0 && (
        <Button component={Link} href={path} leftSection={<SlidersHorizontal size={15} />} data-testid="to-desk">
          {t('result.toDesk')}
        </Button>
      )}
    </section>
  );
}
