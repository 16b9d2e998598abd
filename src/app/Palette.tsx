/** The command palette and the list of keys: all that pages offer now, with the pages, languages and themes themselves. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { Combobox, Modal, TextInput, useCombobox, useMantineColorScheme } from '@mantine/core';
import { Search } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { DeskCommands } from '../desk/actions';
import { changeLanguage, LANGUAGES } from '../i18n/start';
import { COMMAND_GROUPS, keyCaps, useCommands, useOffered, usePalette, type Command } from '../ui/commands';
import { Dialog } from '../ui/Dialog';
import { navigate } from '../ui/hash-location';
import { ROUTES } from './routes';
import styles from './Palette.module.css';

const close = () => usePalette.setState({ open: null });

/** What the shell itself can do. */
function useShellCommands(): readonly Command[] {
  const { t: common, i18n } = useTranslation();
  const { t } = useTranslation('palette');
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return useMemo(
    () => [
      ...ROUTES.map(({ id, path }): Command => ({
        id: `go-${id}`,
        group: 'go',
        title: t('go', { page: common(`nav.${id}`) }),
        blocked: window.location.hash.startsWith(`#${path}`),
        run: () => navigate(path),
      })),
      ...(['auto', 'light', 'dark'] as const).map((theme): Command => ({
        id: `theme-${theme}`,
        group: 'view',
        title: t('theme', { theme: common(`theme.${theme}`) }),
        blocked: colorScheme === theme,
        run: () => setColorScheme(theme),
      })),
      ...LANGUAGES.map((language): Command => ({
        id: `language-${language}`,
        group: 'view',
        title: common(`language.${language}`),
        blocked: i18n.language === language,
        run: () => void changeLanguage(language),
      })),
    ],
    [t, common, i18n.language, colorScheme, setColorScheme],
  );
}

function KeyCaps({ keys }: { keys: readonly string[] }) {
  return (
    <span className={styles.keys}>
      {keys.map((key) => (
        <span key={key}>
          {keyCaps(key).map((cap) => (
            <kbd key={cap}>{cap}</kbd>
          ))}
        </span>
      ))}
    </span>
  );
}

/** Every word that is typed occurs in the title, in any order. */
const matches = (title: string, typed: string): boolean => {
  const lower = title.toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
};

function Commands() {
  const { t } = useTranslation('palette');
  const { t: common } = useTranslation();
  const [typed, setTyped] = useState('');
  const combobox = useCombobox({ opened: true });
  const all = useOffered().filter(({ id }) => id !== 'palette');
  const shown = all.filter(({ title, group }) => matches(`${t(`groups.${group}`)} ${title}`, typed.trim()));
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current?.focus();
  }, []);
  useEffect(() => {
    combobox.selectFirstOption();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the store is new at each render
  }, [typed, all.length]);
  const give = (id: string) => {
    const command = all.find((one) => one.id === id);
    close();
    command?.run();
  };
  return (
    <Combobox store={combobox} onOptionSubmit={give} withinPortal={false}>
      <Combobox.EventsTarget>
        <TextInput
          ref={input}
          className={styles.search}
          variant="unstyled"
          leftSection={<Search size={16} aria-hidden />}
          placeholder={t('search')}
          aria-label={t('search')}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => event.key === 'Escape' && close()}
        />
      </Combobox.EventsTarget>
      <Combobox.Options className={styles.list} aria-label={t('title')}>
        {COMMAND_GROUPS.map((group) => {
          const own = shown.filter((one) => one.group === group);
          return (
            own.length > 0 && (
              <Combobox.Group key={group} label={t(`groups.${group}`)}>
                {own.map(({ id, title, keys, blocked }) => (
                  <Combobox.Option key={id} value={id} disabled={Boolean(blocked)} className={styles.option}>
                    <span>{title}</span>
                    {typeof blocked === 'string' ? <small>{blocked}</small> : keys && <KeyCaps keys={keys.slice(0, 1)} />}
                  </Combobox.Option>
                ))}
              </Combobox.Group>
            )
          );
        })}
        {shown.length === 0 && <Combobox.Empty>{t('none')}</Combobox.Empty>}
      </Combobox.Options>
      <p className={styles.foot}>
        <span>
          <KeyCaps keys={['↑', '↓']} /> <KeyCaps keys={['↵']} />
        </span>
        <button type="button" onClick={close}>
          {common('close')} <KeyCaps keys={['Esc']} />
        </button>
      </p>
    </Combobox>
  );
}

/** Keys of controls, which belong to no command. */
const CONTROL_KEYS = [
  ['share', ['↑', '↓']],
  ['sharePage', ['PageUp', 'PageDown']],
  ['lr', ['←', '→']],
  ['lrPage', ['PageUp', 'PageDown']],
  ['ends', ['Home', 'End']],
  ['chart', ['+', '−', '←', '→', '0']],
] as const;

function Keys() {
  const { t } = useTranslation('palette');
  const offered = useOffered().filter(({ keys }) => keys);
  return (
    <div className={styles.table}>
      <p>{t('keysText')}</p>
      <dl>
        {offered.map(({ id, title, keys }) => (
          <div key={id}>
            <dt>{title}</dt>
            <dd>
              <KeyCaps keys={keys!} />
            </dd>
          </div>
        ))}
      </dl>
      <h3>{t('controls')}</h3>
      <dl>
        {CONTROL_KEYS.map(([control, keys]) => (
          <div key={control}>
            <dt>{t(`control.${control}`)}</dt>
            <dd>
              <KeyCaps keys={keys} />
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

export default function Palette() {
  const { t } = useTranslation('palette');
  const open = usePalette((state) => state.open);
  // The desk itself offers its own.
  const [path] = useLocation();
  const shell = useShellCommands();
  useCommands('shell', shell);
  return (
    <>
      {path !== '/desk' && <DeskCommands />}
      <Modal.Root opened={open === 'commands'} onClose={close} yOffset="12vh" transitionProps={{ duration: 0 }}>
        <Modal.Overlay />
        <Modal.Content aria-label={t('title')}>
          <Modal.Body className={styles.body}>
            <Commands />
          </Modal.Body>
        </Modal.Content>
      </Modal.Root>
      <Dialog opened={open === 'keys'} title={t('keysTitle')} onClose={close}>
        <Keys />
      </Dialog>
    </>
  );
}
