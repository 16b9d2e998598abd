/** A dialog with its title and a way out. Mantine's own head is a <header>, which would be a second banner of the page. */
import type { ReactNode } from 'react';
import { Modal, Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import styles from './Dialog.module.css';

interface DialogProps {
  opened: boolean;
  title: string;
  /** For tables. */
  wide?: boolean;
  children: ReactNode;
  onClose: () => void;
}

export function Dialog({ opened, title, wide = false, children, onClose }: DialogProps) {
  const { t } = useTranslation();
  return (
    <Modal.Root opened={opened} onClose={onClose} centered size={wide ? 'xl' : 'md'}>
      <Modal.Overlay />
      <Modal.Content>
        <Modal.Body>
          <div className={styles.head}>
            <Modal.Title className={styles.title}>{title}</Modal.Title>
            <Modal.CloseButton aria-label={t('close')} />
          </div>
          {children}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}

/** Asks before something is lost, and says what. The safe answer has the focus. */
interface ConfirmProps {
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

export function Confirm({ opened, title, children, confirm, disabled = false, onConfirm, onClose }: ConfirmProps) {
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
