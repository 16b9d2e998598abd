/** Start: isolation where the host leaves that to the service worker, texts of one language, then the shell; the engine opens once the first page has been painted. */
import './app/mantine-styles';
import './app/tokens.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { askForTheme } from './app/theme';
import { startI18n } from './i18n/start';
import { meetAddress } from './ui/hash-location';
import { installAutomationHandle } from './lab/lab';
import { openDevice } from './lab/device-store';
import { keepForOffline, reloadIsolated } from './lab/offline-store';

/** Two frames: the first page is on the screen. A failure shows in the header's badge; whoever needs the engine tries again. */
function whenPainted(): void {
  void openDevice().catch(() => undefined);
  void keepForOffline();
}

if (!(await reloadIsolated())) {
  installAutomationHandle();
  const { language, theme } = meetAddress();
  if (theme) askForTheme(theme);
  await startI18n(language);
  createRoot(document.getElementById('root')!).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(whenPainted)));
}
