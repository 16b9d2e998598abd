/** The shell: theme, router, header, what is said of storage, and the page of the address. */
import { useEffect, useState, Component, type ReactNode, Suspense } from 'react';
import { Button, MantineProvider } from '@mantine/core';
import { DatabaseZap, PackageOpen } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { lazyWithTexts } from '../i18n/start';
import { useAttention } from '../lab/attention-store';
import { acceptLoss, checkStorage, useStorage } from '../lab/storage-store';
import { dismissUpdate, takeUpdate, useOffline } from '../lab/offline-store';
import { Banner, ErrorBanner } from '../ui/Banner';
import { Link, Redirect, Route, Router, Switch } from 'wouter';
import { hashHref, useHashLocation } from '../ui/hash-location';
import { useCommandKeys, usePalette } from '../ui/commands';
import { Header } from './Header';
import { ROUTES } from './routes';
import { colorSchemeManager, theme } from './theme';
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

function Pages() {
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
  const skip = () => document.getElementById('content')?.focus();
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" colorSchemeManager={colorSchemeManager}>
      <Router hook={useHashLocation} hrefs={hashHref}>
        <button type="button" className={styles.skip} onClick={skip}>
          {t('skip')}
        </button>
        <Header />
        <main id="content" tabIndex={-1} className={styles.main}>
          <StorageBanner />
          <UpdateBanner />
          <Alerts />
          <Pages />
          <Palette />
        </main>
      </Router>
    </MantineProvider>
  );
}
