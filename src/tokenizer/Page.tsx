/** Everything about tokenizers: text cut into tokens, two compared, how well each fits each channel, training and growing. */
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { TokenizerRecord } from '../contract/tokenizer';
import { Card } from '../ui/Card';
import { Confirm } from '../ui/Confirm';
import { ErrorBanner } from '../ui/ErrorBanner';
import { PageHead } from '../ui/PageHead';
import { Skeleton } from '../ui/Skeleton';
import { FertilityCard } from './FertilityCard';
import { FertilityChart } from './FertilityChart';
import { GrowCard } from './GrowCard';
import { ImportCard } from './ImportCard';
import { Pickers } from './Pickers';
import { useTokenizers } from './store';
import { TextCard } from './TextCard';
import { TokenizerList } from './TokenizerList';
import { TrainCard } from './TrainCard';
import styles from './Page.module.css';

export default function Page() {
  const { t } = useTranslation('tokenizer');
  const { list, listError, failure, load, remove, dismiss } = useTokenizers();
  const [doomed, setDoomed] = useState<TokenizerRecord | null>(null);
  useEffect(() => void load(), [load]);
  return (
    <>
      <PageHead title={t('title')} titleHidden>
        <Pickers />
      </PageHead>
      {listError && <ErrorBanner error={listError} onRetry={() => void load()} />}
      {failure && <ErrorBanner error={failure} onDismiss={dismiss} />}
      <div className={styles.page}>
        {list === 'loading' && (
          <Card>
            <Skeleton lines={8} />
          </Card>
        )}
        {list === 'ready' && (
          <>
            <TextCard />
            <div className={styles.fertility}>
              <FertilityCard />
              <FertilityChart />
            </div>
            <div className={styles.columns}>
              <TrainCard />
              <div id="grow" className={styles.target}>
                <GrowCard />
              </div>
            </div>
            <TokenizerList onRemove={setDoomed} />
          </>
        )}
        <ImportCard />
      </div>
      <Confirm
        opened={doomed !== null}
        title={t('delete.title', { name: doomed?.name ?? '' })}
        confirm={t('delete.confirm')}
        onClose={() => setDoomed(null)}
        onConfirm={() => {
          if (doomed) void remove(doomed.id);
          setDoomed(null);
        }}
      >
        <p>{t('delete.lost')}</p>
        <p>{t('delete.stays')}</p>
      </Confirm>
    </>
  );
}
