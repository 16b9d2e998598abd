/** Logo, pages, engine, language, theme. On a narrow screen the pages move to a bar at the bottom. */
import { Suspense } from 'react';
import { Tooltip, ActionIcon, Menu, Popover, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { Bell, BellRing, Command, Cpu, FlaskConical, Gpu, TriangleAlert, Check, Languages, Monitor, Moon, Sun } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { DeviceInfo } from '../contract/device';
import { useErrorText } from '../i18n/error-text';
import { useDevice, useTrainerSweep } from '../lab/device-store';
import { Link, useLocation } from 'wouter';
import { changeLanguage, LANGUAGES, lazyWithTexts } from '../i18n/start';
import { useAttention } from '../lab/attention-store';
import { keyCaps, useCommands, usePalette } from '../ui/commands';
import { ROUTES } from './routes';
import styles from './Header.module.css';

function useDeviceWords(): (info: DeviceInfo) => { name: string; detail: string; why: string } {
  const { t } = useTranslation();
  return (info) => {
    const adapter = info.adapter || t('device.unnamedAdapter');
    const threads = t('device.threads', { count: info.threads });
    const short = t(`device.short.${info.reason}`);
    const isolation = info.crossOriginIsolated ? t('device.isolated') : t('device.notIsolated');
    const why = t(`device.why.${info.reason}`, { backend: info.backend, adapter });
    if (info.backend === 'webgpu')
      return { name: t(info.software ? 'device.softwareGpu' : 'device.gpu', { adapter }), detail: ` — ${short}`, why };
    const simd = t(`device.simd.${info.simd}`);
    const name = t('device.cpu', { backend: info.backend });
    return { name, detail: ` · ${threads} — ${short}`, why: `${why} ${simd}. ${isolation}` };
  };
}

function DeviceBadge() {
  const { t } = useTranslation();
  const device = useDevice((state) => state.device);
  const words = useDeviceWords();
  const errorText = useErrorText();
  const shown =
    device.kind === 'open'
      ? words(device.info)
      : device.kind === 'opening'
        ? { name: t('device.opening'), detail: '', why: '' }
        : { name: t('device.failed'), detail: '', why: Object.values(errorText(device.error)).join(' ') };
  const Icon = device.kind === 'failed' ? TriangleAlert : device.kind === 'open' && device.info.backend === 'webgpu' ? Gpu : Cpu;
  return (
    <Tooltip label={shown.why || shown.name}>
      <button
        type="button"
        className={styles.badge}
        data-state={device.kind}
        data-testid="device"
        aria-label={`${shown.name}${shown.detail}. ${shown.why}`.trim()}
      >
        <Icon size={14} aria-hidden />
        <span>
          {shown.name}
          <span className={styles.detail}>{shown.detail}</span>
        </span>
      </button>
    </Tooltip>
  );
}

/** While this tab's trainer takes runs from a sweep: says so on every page, and leads there. */
function SweepBadge() {
  const { t } = useTranslation();
  const sweep = useTrainerSweep((state) => state.sweep);
  if (!sweep) return null;
  const words = t('device.sweep', { name: sweep.name });
  return (
    <Link href={`/sweeps/${sweep.id}?section=board`} className={styles.badge} data-state="busy" aria-label={words} title={words}>
      <FlaskConical size={14} aria-hidden />
      <span className={styles.detail}>{sweep.name}</span>
    </Link>
  );
}

const THEME_ICONS = { auto: Monitor, light: Sun, dark: Moon } as const;
const THEMES: readonly MantineColorScheme[] = ['auto', 'light', 'dark'];

/** Opens the palette; its keys work on every page. */
function PaletteButton() {
  const { t } = useTranslation();
  const open = () => usePalette.setState({ open: 'commands' });
  useCommands('palette', [
    { id: 'palette', group: 'help', title: t('palette.open'), keys: ['mod+K'], run: open },
    { id: 'keys', group: 'help', title: t('palette.keys'), keys: ['?'], run: () => usePalette.setState({ open: 'keys' }) },
  ]);
  return (
    <Tooltip label={`${t('palette.open')} (${keyCaps('mod+K').join(' ')})`}>
      <ActionIcon variant="subtle" color="gray" size={30} aria-label={t('palette.open')} className={styles.icon} onClick={open}>
        <Command size={16} />
      </ActionIcon>
    </Tooltip>
  );
}

const AttentionPanel = lazyWithTexts(['attention'], async () => ({ default: (await import('./Attention')).AttentionPanel }));

function AttentionMenu() {
  const { t } = useTranslation();
  const waiting = useAttention(({ alerts }) => alerts.length > 0);
  return (
    <Popover position="bottom-end" width={300} shadow="md" withinPortal trapFocus>
      <Popover.Target>
        <ActionIcon variant="subtle" color="gray" size={30} aria-label={t('attention')} className={styles.icon}>
          {waiting ? <BellRing size={17} /> : <Bell size={17} />}
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('attention')}>
        <Suspense fallback={t('loading')}>
          <AttentionPanel />
        </Suspense>
      </Popover.Dropdown>
    </Popover>
  );
}

function LanguageMenu() {
  const { t, i18n } = useTranslation();
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={30} aria-label={t('language.label')} className={styles.icon}>
          <Languages size={17} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {LANGUAGES.map((language) => (
          <Menu.Item
            key={language}
            lang={language === 'zh' ? 'zh-CN' : 'en'}
            rightSection={i18n.language === language ? <Check size={14} /> : null}
            onClick={() => void changeLanguage(language)}
          >
            {t(`language.${language}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function ThemeMenu() {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Current = THEME_ICONS[colorScheme];
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={30} aria-label={t('theme.label')} className={styles.icon}>
          <Current size={17} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {THEMES.map((scheme) => {
          const Icon = THEME_ICONS[scheme];
          return (
            <Menu.Item
              key={scheme}
              leftSection={<Icon size={14} />}
              rightSection={colorScheme === scheme ? <Check size={14} /> : null}
              onClick={() => setColorScheme(scheme)}
            >
              {t(`theme.${scheme}`)}
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}

function Logo() {
  return (
    <svg className={styles.mark} viewBox="0 0 26 20" width="26" height="20" aria-hidden>
      <path d="M1 4C11 4 15 16 25 16" fill="none" stroke="var(--channel-en)" strokeWidth="2.6" strokeLinecap="round" />
      <path d="M1 16C11 16 15 4 25 4" fill="none" stroke="var(--channel-domain)" strokeWidth="2.6" strokeLinecap="round" />
    </svg>
  );
}

export function Header() {
  const { t } = useTranslation();
  const [path] = useLocation();
  return (
    <header className={styles.header}>
      <Link href="/desk" className={styles.logo} aria-label={t('product')}>
        <Logo />
        <span>{t('product')}</span>
      </Link>
      <nav className={styles.nav} aria-label={t('nav.label')}>
        {ROUTES.map(({ id, path: target, icon: Icon }) => (
          <Link
            key={id}
            href={target}
            className={styles.tab}
            aria-current={path === target || path.startsWith(`${target}/`) ? 'page' : undefined}
          >
            <Icon size={18} aria-hidden />
            <span>{t(`nav.${id}`)}</span>
          </Link>
        ))}
      </nav>
      <div className={styles.tools}>
        <SweepBadge />
        <DeviceBadge />
        <PaletteButton />
        <AttentionMenu />
        <LanguageMenu />
        <ThemeMenu />
      </div>
    </header>
  );
}
