/** Start: isolation where the host leaves that to the service worker, texts of one language, then the shell; the engine opens once the first page has been painted. */
import './app/mantine-styles';
import './app/tokens.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { startI18n } from './i18n/start';
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
  await startI18n();
  createRoot(document.getElementById('root')!).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(whenPainted)));
}
