/** Above every page: the browser keeps nothing, or has removed what was kept. */
import { useEffect } from 'react';
import { Button } from '@mantine/core';
import { DatabaseZap } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { acceptLoss, checkStorage, useStorage } from '../lab/storage-store';
import { Banner, ErrorBanner } from '../ui/Banner';

export function StorageBanner() {
  const { t } = useTranslation();
  const blocked = useStorage((state) => state.blocked);
  const lost = useStorage((state) => state.lost);
  useEffect(() => void checkStorage(), []);
  if (blocked) return <ErrorBanner error={blocked} onRetry={() => window.location.reload()} />;
  if (!lost) return null;
  return (
    <Banner tone="warn" icon={DatabaseZap} role="alert">
      <span>{t('storage.lost')}</span>
      <Button size="xs" variant="default" onClick={acceptLoss}>
        {t('dismiss')}
      </Button>
    </Banner>
  );
}
