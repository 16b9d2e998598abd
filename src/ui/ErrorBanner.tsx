/** A fault in words: what happened and what to do. What was shown before stays; the banner stands above it. */
import { Button, CloseButton } from '@mantine/core';
import { TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '../i18n/error-text';
import { Banner } from './Banner';

interface Props {
  /** Anything thrown, or a stored ErrorRecord. */
  error: unknown;
  onRetry?: (() => void) | undefined;
  onDismiss?: (() => void) | undefined;
}

export function ErrorBanner({ error, onRetry, onDismiss }: Props) {
  const { t } = useTranslation();
  const { what, advice } = useErrorText()(error);
  return (
    <Banner tone="bad" icon={TriangleAlert} role="alert">
      <span>
        <strong>{what}</strong> {advice}
      </span>
      {onRetry && (
        <Button size="xs" variant="default" onClick={onRetry}>
          {t('retry')}
        </Button>
      )}
      {onDismiss && <CloseButton size="sm" aria-label={t('dismiss')} onClick={onDismiss} />}
    </Banner>
  );
}
