/**
 * What is asked before a hub is connected or gives files: its host by name, what is wanted there, and what follows. The safe answer has
 * the focus.
 */
import type { ReactNode } from 'react';
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Dialog } from './Dialog';
import styles from './HubDialog.module.css';

interface HubDialogProps {
  opened: boolean;
  title: string;
  /** Host, repository and revision with their labels. */
  place: readonly (readonly [label: string, value: string | undefined])[];
  /** What the host learns, or what it will give. */
  children: ReactNode;
  /** The button that says yes. */
  confirm: ReactNode;
  onClose: () => void;
}

export function HubDialog({ opened, title, place, children, confirm, onClose }: HubDialogProps) {
  const { t } = useTranslation();
  return (
    <Dialog opened={opened} onClose={onClose} title={title}>
      <div className={styles.dialog}>
        <dl className={styles.place}>
          {place.map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        {children}
        <div className={styles.buttons}>
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('cancel')}
          </Button>
          {confirm}
        </div>
      </div>
    </Dialog>
  );
}
