/** The bar under the header: the page's title, hidden or shown, and its controls. */
import type { ReactNode } from 'react';
import styles from './PageHead.module.css';

interface Props {
  title: string;
  /** Under the title, in one sentence. */
  lead?: ReactNode;
  /** For a page whose controls speak for themselves. */
  titleHidden?: boolean;
  children?: ReactNode;
}

export function PageHead({ title, lead, titleHidden = false, children }: Props) {
  return (
    <div className={styles.head}>
      <div className={titleHidden ? styles.hidden : styles.words}>
        <h1>{title}</h1>
        {lead !== undefined && <p>{lead}</p>}
      </div>
      {children !== undefined && <div className={styles.tools}>{children}</div>}
    </div>
  );
}
