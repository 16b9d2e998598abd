/** A panel with an optional heading; the unit every page is laid out in. */
import type { ReactNode } from 'react';
import styles from './Card.module.css';

interface Props {
  title?: ReactNode;
  /** Stands at the right of the heading. */
  aside?: ReactNode;
  children: ReactNode;
  className?: string | undefined;
  /** Names the region when the heading is not a plain text. */
  label?: string;
  'data-testid'?: string;
}

export function Card({ title, aside, children, className, label, ...rest }: Props) {
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
