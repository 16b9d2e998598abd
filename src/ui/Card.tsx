/** What every page is laid out in: its head, panels, and what a panel shows while it is empty or loading. */
import type { ReactNode } from 'react';
import { VisuallyHidden } from '@mantine/core';
import type { LucideIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import styles from './Card.module.css';

interface CardProps {
  title?: ReactNode;
  /** Stands at the right of the heading. */
  aside?: ReactNode;
  children: ReactNode;
  className?: string | undefined;
  /** Names the region when the heading is not a plain text. */
  label?: string;
  'data-testid'?: string;
  hidden?: boolean;
  'data-part'?: string;
}

/** A panel with an optional heading. */
export function Card({ title, aside, children, className, label, ...rest }: CardProps) {
  return (
    <section
      className={`${styles.card} ${className ?? ''}`}
      aria-label={label ?? (typeof title === 'string' ? title : undefined)}
      {...rest}
    >
      {(title !== undefined || aside !== undefined) && (
        <div className={styles.head}>
          {title !== undefined && <h2 className={styles.title}>{title}</h2>}
          {aside}
        </div>
      )}
      {children}
    </section>
  );
}

interface PageHeadProps {
  title: string;
  /** Under the title, in one sentence. */
  lead?: ReactNode;
  /** For a page whose controls speak for themselves. */
  titleHidden?: boolean;
  children?: ReactNode;
}

/** The bar under the header: the page's title, shown or for screen readers alone, and its controls. */
export function PageHead({ title, lead, titleHidden = false, children }: PageHeadProps) {
  return (
    <div className={styles.pageHead} data-title-hidden={titleHidden || undefined}>
      <div className={titleHidden ? VisuallyHidden.classes.root : styles.words}>
        <h1>{title}</h1>
        {lead !== undefined && <p>{lead}</p>}
      </div>
      {children !== undefined && <div className={styles.tools}>{children}</div>}
    </div>
  );
}

/** What stands where there is nothing yet: an icon, a sentence, and what to do. */
export function EmptyState({ icon: Icon, title, children }: { icon: LucideIcon; title: string; children?: ReactNode }) {
  return (
    <div className={styles.empty}>
      <Icon size={26} strokeWidth={1.5} aria-hidden />
      <p className={styles.emptyTitle}>{title}</p>
      {children}
    </div>
  );
}

/** Grey bars in the place of what is being read. */
export function Skeleton({ lines = 4 }: { lines?: number }) {
  const { t } = useTranslation();
  return (
    <div className={styles.skeleton} role="status" aria-label={t('loading')}>
      {Array.from({ length: lines }, (_, at) => (
        <div key={at} className={styles.bar} aria-hidden />
      ))}
    </div>
  );
}
