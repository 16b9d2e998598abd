/** Step 2: the workshop's channels with their sources. */
import { useState } from 'react';
import { Button } from '@mantine/core';
import { Layers, Plus, Sprout } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { WorkshopChannel } from '../../contract/corpus';
import { nextColour } from '../../core/corpus/channel-colours';
import { useFormat } from '../../i18n/format';
import { Card, EmptyState, Skeleton } from '../../ui/Card';
import { Confirm } from '../../ui/Dialog';
import { ErrorBanner } from '../../ui/Banner';
import { useCorpusName } from '../../channels/channel';
import { useCorpora } from '../store';
import { ChannelPanel } from './ChannelPanel';
import { rawSize, useWorkshop } from './store';
import styles from './Channels.module.css';

/** Language of each bundled text. */
const STARTER_LANGUAGE: Readonly<Record<string, string>> = {
  zh: 'zh',
  en: 'en',
  code: 'code',
  domain: 'en',
  'domain-legal': 'en',
  'domain-short': 'en',
};

export function ChannelsCard() {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const { state, error, failure, channels, sources, load, createChannel, addCorpus, removeChannel, dismiss } = useWorkshop();
  const starters = useCorpora((store) => store.corpora).filter(({ bundled }) => bundled);
  const corpusName = useCorpusName();
  const [doomed, setDoomed] = useState<WorkshopChannel | null>(null);
  const fresh = () =>
    void createChannel({
      name: t('channel.unnamed', { number: channels.length + 1 }),
      colour: nextColour(channels),
      role: 'domain',
      language: null,
    });
  const addStarters = async () => {
    for (const corpus of starters) {
      const name = corpusName(corpus);
      if (useWorkshop.getState().channels.some((channel) => channel.name === name)) continue;
      const made = await createChannel({ name, colour: corpus.id, role: corpus.role, language: STARTER_LANGUAGE[corpus.id] ?? null });
      if (made) await addCorpus(corpus.id, made.id);
    }
  };
  const lost = doomed ? rawSize(sources, doomed.id) : { rows: 0, bytes: 0 };
  return (
    <Card
      title={t('steps.channels')}
      data-testid="channels"
      aside={
        channels.length > 0 && (
          <Button size="xs" variant="default" leftSection={<Plus size={14} />} onClick={fresh}>
            {t('channel.new')}
          </Button>
        )
      }
    >
      {error && <ErrorBanner error={error} onRetry={() => void load()} />}
      {failure && <ErrorBanner error={failure} onDismiss={dismiss} />}
      {state === 'loading' && <Skeleton lines={3} />}
      {state === 'ready' && channels.length === 0 && (
        <EmptyState icon={Layers} title={t('channel.none')}>
          <p>{t('channel.noneHint')}</p>
          <div className={styles.buttons}>
            <Button size="xs" variant="default" leftSection={<Plus size={14} />} onClick={fresh}>
              {t('channel.new')}
            </Button>
            <Button size="xs" variant="default" leftSection={<Sprout size={14} />} onClick={() => void addStarters()}>
              {t('channel.starters')}
            </Button>
          </div>
        </EmptyState>
      )}
      {channels.length > 0 && (
        <ul className={styles.channels}>
          {channels.map((channel) => (
            <ChannelPanel key={channel.id} channel={channel} onRemove={() => setDoomed(channel)} />
          ))}
        </ul>
      )}
      <Confirm
        opened={doomed !== null}
        title={t('channel.delete.title', { name: doomed?.name ?? '' })}
        confirm={t('channel.delete.confirm')}
        onClose={() => setDoomed(null)}
        onConfirm={() => {
          if (doomed) void removeChannel(doomed.id);
          setDoomed(null);
        }}
      >
        <p>{t('channel.delete.lost', { rows: format.count(lost.rows), bytes: format.bytes(lost.bytes) })}</p>
        <p className={styles.dim}>{t('delete.stays')}</p>
      </Confirm>
    </Card>
  );
}
