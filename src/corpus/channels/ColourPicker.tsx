/** A channel's colour, out of those that reach the contrast which text needs in both themes. */
import { ActionIcon, Menu } from '@mantine/core';
import { Check } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { COLOURS, colourOf } from './colours';
import styles from './Channels.module.css';

export function ColourPicker({ name, colour, onChange }: { name: string; colour: string; onChange: (colour: string) => void }) {
  const { t } = useTranslation('corpus');
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <ActionIcon variant="default" size={30} aria-label={t('channel.colourOf', { name })}>
          <i className={styles.swatch} style={{ background: colourOf(colour) }} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {COLOURS.map((token) => (
          <Menu.Item
            key={token}
            leftSection={<i className={styles.swatch} style={{ background: colourOf(token) }} aria-hidden />}
            rightSection={token === colour ? <Check size={14} aria-hidden /> : null}
            onClick={() => onChange(token)}
          >
            {t(`colour.${token}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
