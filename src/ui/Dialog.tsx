/** A dialog with its title and a way out. Mantine's own head is a <header>, which would be a second banner of the page. */
import type { ReactNode } from 'react';
import { Modal } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import styles from './Dialog.module.css';

interface Props {
  opened: boolean;
  title: string;
  children: ReactNode;
  onClose: () => void;
}

export function Dialog({ opened, title, children, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Modal.Root opened={opened} onClose={onClose} centered>
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
