/** One line of news across the page: icon, words, actions. */
import type { ReactNode } from 'react';
import type { LucideIcon } from 'lucide-react';
import styles from './Banner.module.css';

interface Props {
  tone: 'bad' | 'warn' | 'good' | 'plain';
  icon: LucideIcon;
  /** `alert` interrupts a screen reader, `status` waits. */
  role?: 'alert' | 'status';
  children: ReactNode;
}

export function Banner({ tone, icon: Icon, role = 'status', children }: Props) {
  return (
    <div className={styles.banner} data-tone={tone} role={role}>
      <Icon size={16} aria-hidden className={styles.icon} />
      {children}
    </div>
  );
}
