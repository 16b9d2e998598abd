/** Following a log from the runs page: a folder or a file that the person picks, or an address whose host they agree to. */
import { useState } from 'react';
import { Button, TextInput } from '@mantine/core';
import { FileSearch, FolderSearch, Globe, SlidersVertical } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { RunRecord } from '../core/run/types';
import { canPick, useFollows } from '../lab/follow-store';
import { ErrorBanner } from '../ui/Banner';
import { Dialog } from '../ui/Dialog';
import FollowPanel from '../ui/FollowPanel';
import { HubDialog } from '../ui/HubDialog';
import { useRuns } from './store';
import styles from './Runs.module.css';

/** The question that stands between an address and its host. */
function HostQuestion({ onFollowed }: { onFollowed(run: string): void }) {
  const { t } = useTranslation('follow');
  const { asking, busy, connect } = useFollows();
  // What was asked stays in sight while the dialog goes.
  const [asked, setAsked] = useState(asking);
  if (asking && asking !== asked) setAsked(asking);
  const host = asked?.host ?? '';
  return (
    <HubDialog
      opened={asking !== null}
      onClose={() => useFollows.setState({ asking: null })}
      title={t('ask.title', { host })}
      place={[
        [t('ask.host'), host],
        [t('ask.file'), asked?.href],
      ]}
      confirm={
        <Button
          leftSection={<Globe size={15} />}
          loading={busy}
          onClick={() => void connect().then((run) => run !== null && onFollowed(run))}
        >
          {t('ask.run', { host })}
        </Button>
      }
    >
      <p>{t('ask.what', { host })}</p>
      <p className={styles.facts}>{t('ask.sent')}</p>
    </HubDialog>
  );
}

export default function FollowDialog() {
  const { t } = useTranslation('follow');
  const opened = useRuns((state) => state.following);
  const { busy, error, asking, pick, ask, dismiss } = useFollows();
  const [address, setAddress] = useState('');
  const close = () => {
    dismiss();
    useRuns.setState({ following: false });
    useFollows.setState({ asking: null });
  };
  const followed = async (run: string) => {
    close();
    await useRuns.getState().load();
    await useRuns.getState().open(run);
  };
  const picks = [
    ['folder', FolderSearch],
    ['file', FileSearch],
  ] as const;
  return (
    <>
      <Dialog opened={opened && asking === null} onClose={close} title={t('title')}>
        <div className={styles.extend}>
          <p className={styles.facts}>{t('text')}</p>
          {error && <ErrorBanner error={error} onDismiss={dismiss} />}
          {canPick() ? (
            picks.map(([kind, Icon]) => (
              <div key={kind} className={styles.pick}>
                <Button
                  variant={kind === 'folder' ? 'filled' : 'default'}
                  leftSection={<Icon size={15} />}
                  loading={busy}
                  onClick={() => void pick(kind).then((run) => (run === null ? undefined : followed(run)))}
                >
                  {t(kind)}
                </Button>
                <p className={styles.facts}>{t(`${kind}Help`)}</p>
              </div>
            ))
          ) : (
            <p className={styles.facts}>{t('noPicker')}</p>
          )}
          <form
            className={styles.pick}
            onSubmit={(event) => {
              event.preventDefault();
              ask(address);
            }}
          >
            <TextInput
              label={t('address')}
              description={t('addressHelp')}
              placeholder={t('addressExample')}
              value={address}
              spellCheck={false}
              autoComplete="off"
              onChange={(event) => setAddress(event.currentTarget.value)}
            />
            <Button type="submit" variant="default" leftSection={<Globe size={15} />} disabled={busy || address.trim() === ''}>
              {t('look')}
            </Button>
          </form>
        </div>
      </Dialog>
      <HostQuestion onFollowed={(run) => void followed(run)} />
    </>
  );
}

/** Of one run, in its details. */
export function RunFollow({ run }: { run: RunRecord }) {
  const { t } = useTranslation('follow');
  const status = useFollows((state) => state.follows[run.id]);
  const { busy, error, goOn, leave, allow, dismiss } = useFollows();
  const opened = useRuns((state) => state.following);
  return (
    <>
      {error && !opened && <ErrorBanner error={error} onDismiss={dismiss} />}
      <FollowPanel
        status={status ?? null}
        run={run}
        busy={busy}
        onGoOn={() => void goOn(run.id).then(() => useRuns.getState().load())}
        onLeave={() => void leave(run.id).then(() => useRuns.getState().load())}
        onAllow={() => void allow(run.id)}
      >
        {(status?.state === 'live' || status?.state === 'lost') && (
          <Button
            size="compact-xs"
            variant="default"
            component={Link}
            href={`/desk?run=${run.id}`}
            leftSection={<SlidersVertical size={12} />}
          >
            {t('desk')}
          </Button>
        )}
      </FollowPanel>
      {!opened && (
        <HostQuestion
          onFollowed={() => {
            useFollows.setState({ asking: null });
            void useRuns.getState().load();
          }}
        />
      )}
    </>
  );
}
