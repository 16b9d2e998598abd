/** From one run to a decision: sweeps are planned, trained, looked at, fitted and turned into a recommendation. */
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { PageHead } from '../ui/Card';
import { ErrorBanner } from '../ui/Banner';
import { useSweeps } from './store';

export default function Page() {
  const { t } = useTranslation('sweeps');
  const { list, listError, failure, load, dismiss } = useSweeps();
  useEffect(() => void load(), [load]);
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')} />
      {list === 'failed' && <ErrorBanner error={listError} onRetry={() => void load()} />}
      {failure && <ErrorBanner error={failure} onDismiss={dismiss} />}
    </>
  );
}
