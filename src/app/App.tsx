/** The shell: header, the page of the address, notices. */
import { Suspense } from 'react';
import { MantineProvider } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link, Redirect, Route, Router, Switch } from 'wouter';
import { hashHref, useHashLocation } from '../ui/hash-location';
import { Header } from './Header';
import { PageBoundary } from './PageBoundary';
import { ROUTES } from './routes';
import { colorSchemeManager, theme } from './theme';
import styles from './App.module.css';

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
        {ROUTES.map(({ id, path, Page }) => (
          <Route key={id} path={path}>
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
          <Pages />
        </main>
      </Router>
    </MantineProvider>
  );
}
