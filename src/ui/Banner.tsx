/** A message across the page: icon, words, actions; and the one that shows an error. */
import type { ReactNode } from 'react';
import type { LucideIcon } from 'lucide-react';
import { Button, CloseButton } from '@mantine/core';
import { TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import { useErrorText } from '../i18n/error-text';
import styles from './Banner.module.css';

interface BannerProps {
  tone: 'bad' | 'warn' | 'good' | 'plain';
  icon: LucideIcon;
  /** `alert` interrupts a screen reader, `status` waits. */
  role?: 'alert' | 'status';
  children: ReactNode;
}

export function Banner({ tone, icon: Icon, role = 'status', children }: BannerProps) {
  return (
    <div className={styles.banner} data-tone={tone} role={role}>
      <Icon size={16} aria-hidden className={styles.icon} />
      {children}
    </div>
  );
}

/** A fault in words: what happened and what to do. What was shown before stays; the banner stands above it. */
interface ErrorBannerProps {
  /** Anything thrown, or a stored ErrorRecord. */
  error: unknown;
  onRetry?: (() => void) | undefined;
  onDismiss?: (() => void) | undefined;
}

export function ErrorBanner({ error, onRetry, onDismiss }: ErrorBannerProps) {
  const { t } = useTranslation();
  const { what, advice } = useErrorText(useChannelTag())(error);
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
