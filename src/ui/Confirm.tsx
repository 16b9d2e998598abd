/** Asks before something is lost, and says what. The safe answer has the focus. */
import type { ReactNode } from 'react';
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Dialog } from './Dialog';
import styles from './Confirm.module.css';

interface Props {
  opened: boolean;
  title: string;
  /** What is lost, and what stays. */
  children: ReactNode;
  /** The verb on the button: "Delete run". */
  confirm: string;
  /** When it cannot be done now; the children say why. */
  disabled?: boolean;
  onConfirm: () => void;
  onClose: () => void;
}

export function Confirm({ opened, title, children, confirm, disabled = false, onConfirm, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Dialog opened={opened} onClose={onClose} title={title}>
      <div className={styles.body}>
        <div>{children}</div>
        <div className={styles.buttons}>
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('cancel')}
          </Button>
          <Button className={styles.lose} disabled={disabled} onClick={onConfirm}>
            {confirm}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
