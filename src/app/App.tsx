/** The shell: theme, router, header, what is said of storage, and the page of the address. */
import { useEffect, useState, Component, type ReactNode, Suspense } from 'react';
import { errorRecord } from '../core/errors';
import { RUN_FILE } from '../core/text/file-name';
import { Button, MantineProvider } from '@mantine/core';
import { DatabaseZap, PackageOpen } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { changeLanguage, lazyWithTexts } from '../i18n/start';
import { useAttention } from '../lab/attention-store';
import { acceptLoss, checkStorage, useStorage } from '../lab/storage-store';
import { dismissUpdate, takeUpdate, useOffline } from '../lab/offline-store';
import { Banner, ErrorBanner } from '../ui/Banner';
import { Link, Redirect, Route, Router, Switch } from 'wouter';
import { useCommandKeys, usePalette } from '../ui/commands';
import { hashHref, meetAddress, navigate, useHashLocation, useHashQuery, useShown } from '../ui/hash-location';
import { Header } from './Header';
import { ROUTES } from './routes';
import { askForTheme, colorSchemeManager, theme } from './theme';
import styles from './App.module.css';

/** Above every page: the browser keeps nothing, or has removed what was kept. */
function StorageBanner() {
  const { t } = useTranslation();
  const blocked = useStorage((state) => state.blocked);
  const lost = useStorage((state) => state.lost);
  useEffect(() => void checkStorage(), []);
  if (blocked) return <ErrorBanner error={blocked} onRetry={() => window.location.reload()} />;
  if (!lost) return null;
  return (
    <Banner tone="warn" icon={DatabaseZap} role="alert">
      <span>{t('storage.lost')}</span>
      <Button size="xs" variant="default" onClick={acceptLoss}>
        {t('dismiss')}
      </Button>
    </Banner>
  );
}

/** What an address says of language, theme and parts shown holds for this visit; what it says wrongly stands above the page. */
function AddressNotice() {
  const query = useHashQuery();
  const faults = useShown((state) => state.faults);
  useEffect(() => {
    const asked = meetAddress();
    if (asked.language) void changeLanguage(asked.language, false);
    if (asked.theme) askForTheme(asked.theme);
  }, [query]);
  return faults.map((fault) => (
    <ErrorBanner
      key={fault.message}
      error={errorRecord(fault)}
      onDismiss={() => useShown.setState({ faults: faults.filter((one) => one !== fault) })}
    />
  ));
}

/** A run's file that is dropped anywhere opens, but where a page takes files itself. */
function RunDrop() {
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    const runsOf = ({ dataTransfer }: DragEvent) => [...(dataTransfer?.files ?? [])].filter(({ name }) => name.endsWith(RUN_FILE));
    const over = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      const files = runsOf(event);
      if (event.defaultPrevented || files.length === 0) return;
      event.preventDefault();
      import('../lab/desk-recipes').then(({ openRunFiles }) => openRunFiles(files)).then(navigate, setError);
    };
    window.addEventListener('dragover', over);
    window.addEventListener('drop', drop);
    return () => {
      window.removeEventListener('dragover', over);
      window.removeEventListener('drop', drop);
    };
  }, []);
  return error !== null && <ErrorBanner error={error} onDismiss={() => setError(null)} />;
}

/** Above every page: another version of the studio is ready, for when the person wants it. */
function UpdateBanner() {
  const { t } = useTranslation();
  const update = useOffline((state) => state.update);
  if (update === 'none') return null;
  return (
    <Banner tone="plain" icon={PackageOpen}>
      <span>{t(`update.${update}`)}</span>
      <Button size="xs" variant="default" onClick={() => void takeUpdate()}>
        {t('update.take')}
      </Button>
      <Button size="xs" variant="subtle" color="gray" onClick={dismissUpdate}>
        {t('update.later')}
      </Button>
    </Banner>
  );
}

const AlertBanners = lazyWithTexts(['attention'], async () => ({ default: (await import('./Attention')).AlertBanners }));

/** Above every page: what a run has called for. */
function Alerts() {
  const any = useAttention(({ alerts }) => alerts.length > 0);
  return any ? (
    <Suspense>
      <AlertBanners />
    </Suspense>
  ) : null;
}

/** An error of one page leaves the header and the other pages usable. */
class PageBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return <ErrorBanner error={error} onRetry={() => this.setState({ error: null })} />;
  }
}

function NotFound({ path }: { path: string }) {
  const { t } = useTranslation();
  return (
    <div className={styles.centre}>
      <p>{t('notFound', { path })}</p>
      <Link href="/desk">{t('toDesk')}</Link>
    </div>
  );
}

const LessonPanel = lazyWithTexts(['learn'], () => import('../learn/LessonPanel'));

const Tour = lazyWithTexts(['learn'], () => import('./Tour'));

/** Offered on the plain desk; automation and who says `?tour=0` are not bothered, `?tour=1` asks for it. */
function TourOffer() {
  const query = useHashQuery();
  const [path] = useHashLocation();
  const embed = useShown((state) => state.embed);
  const said = new URLSearchParams(window.location.search).get('tour') ?? query.get('tour');
  const [plain] = useState(() => !['recipe', 'run', 'lesson'].some((name) => query.has(name)));
  // The tour itself changes the address.
  const [kept, setKept] = useState(false);
  const offered = said === '1' || (said !== '0' && plain && !navigator.webdriver);
  if (offered && !kept) setKept(true);
  if (!(offered || kept) || embed || path !== '/desk' || query.has('lesson')) return null;
  return (
    <Suspense>
      <Tour />
    </Suspense>
  );
}

/** The page; on the desk with the lesson of the address beside it. */
function Pages() {
  const [path] = useHashLocation();
  const lesson = useHashQuery().get('lesson');
  const beside = path === '/desk' && lesson !== null;
  return (
    <div className={beside ? styles.beside : undefined}>
      {beside && (
        <Suspense>
          <LessonPanel />
        </Suspense>
      )}
      <div className={styles.page}>
        <Routed />
      </div>
    </div>
  );
}

function Routed() {
  const { t } = useTranslation();
  return (
    <Suspense fallback={<div className={styles.centre}>{t('loading')}</div>}>
      <Switch>
        <Route path="/">
          <Redirect to="/desk" replace />
        </Route>
        {ROUTES.map(({ id, path, parameter = '', Page }) => (
          <Route key={id} path={path + parameter}>
            <PageBoundary>
              <Page />
            </PageBoundary>
          </Route>
        ))}
        <Route>{({ '*': rest }: { '*'?: string }) => <NotFound path={`/${rest ?? ''}`} />}</Route>
      </Switch>
    </Suspense>
  );
}

const PaletteWindow = lazyWithTexts(['palette'], () => import('./Palette'));

/** The command palette and the list of keys, read when one is asked for first. */
function Palette() {
  useCommandKeys();
  const open = usePalette((state) => state.open !== null);
  const [wanted, setWanted] = useState(false);
  if (open && !wanted) setWanted(true);
  return wanted ? (
    <Suspense>
      <PaletteWindow />
    </Suspense>
  ) : null;
}

export function App() {
  const { t } = useTranslation();
  const embed = useShown((state) => state.embed);
  const skip = () => document.getElementById('content')?.focus();
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" colorSchemeManager={colorSchemeManager}>
      <Router hook={useHashLocation} hrefs={hashHref}>
        {!embed && (
          <>
            <button type="button" className={styles.skip} onClick={skip}>
              {t('skip')}
            </button>
            <Header />
          </>
        )}
        <main id="content" tabIndex={-1} className={styles.main}>
          <AddressNotice />
          <RunDrop />
          <StorageBanner />
          <TourOffer />
          <UpdateBanner />
          <Alerts />
          <Pages />
          <Palette />
        </main>
      </Router>
    </MantineProvider>
  );
}
