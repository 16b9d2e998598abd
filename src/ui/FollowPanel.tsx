/** How a followed log stands: what is read, when something was new, whether settings can be changed and what became of the last change. */
import type { ReactNode } from 'react';
import { Button } from '@mantine/core';
import { CircleCheck, CircleX, FileClock, KeyRound, Radio, Unplug, type LucideIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { FollowStatus } from '../contract/follow';
import { isActive, type RunState } from '../core/run/types';
import { useErrorText } from '../i18n/error-text';
import { useFormat } from '../i18n/format';
import styles from './FollowPanel.module.css';

/** Milliseconds without news after which a log is called quiet. */
const QUIET_MS = 60_000;

interface Props {
  /** Null where this tab does not follow the run now. */
  status: FollowStatus | null;
  run: { state: RunState };
  busy?: boolean;
  onGoOn(): void;
  onLeave(): void;
  /** Asks to write into the folder. */
  onAllow(): void;
  /** Further buttons. */
  children?: ReactNode;
}

export default function FollowPanel({ status, run, busy = false, onGoOn, onLeave, onAllow, children }: Props) {
  const { t } = useTranslation('follow');
  const open = status?.state === 'live' || status?.state === 'lost';
  // Under way, and not by this tab.
  const elsewhere = !open && isActive(run.state);
  const state = open ? status.state : elsewhere ? 'elsewhere' : run.state === 'interrupted' ? 'left' : 'ended';
  const Icon = state === 'live' || elsewhere ? Radio : state === 'ended' ? CircleCheck : Unplug;
  return (
    <section className={styles.panel} aria-label={t('panel')} data-testid="follow-panel" data-state={state}>
      <p className={styles.head}>
        <Icon size={14} aria-hidden />
        <b>{t(`state.${state}`)}</b>
        {status && <Reading status={status} open={open} />}
      </p>
      {status && <Told status={status} open={open} />}
      <div className={styles.buttons}>
        {open ? (
          <>
            {status.control === 'ask' && (
              <Button size="compact-xs" leftSection={<KeyRound size={12} />} onClick={onAllow}>
                {t('control.allow')}
              </Button>
            )}
            <Button size="compact-xs" variant="default" leftSection={<Unplug size={12} />} onClick={onLeave}>
              {t('leave')}
            </Button>
          </>
        ) : elsewhere ? null : (
          <Button size="compact-xs" variant="light" leftSection={<Radio size={12} />} loading={busy} onClick={onGoOn}>
            {t('goOn')}
          </Button>
        )}
        {children}
      </div>
    </section>
  );
}

function Reading({ status: { file, bytes, lookedAt, newsAt }, open }: { status: FollowStatus; open: boolean }) {
  const { t } = useTranslation('follow');
  const format = useFormat();
  const quiet = open && lookedAt - newsAt > QUIET_MS;
  return (
    <span className={styles.dim}>
      {t('read', { file, bytes: format.bytes(bytes) })} · {t(quiet ? 'quiet' : 'news', { time: format.dateTime(newsAt) })}
    </span>
  );
}

function Told({ status, open }: { status: FollowStatus; open: boolean }) {
  const { t } = useTranslation('follow');
  const errorText = useErrorText();
  const format = useFormat();
  const { error, whole, badLines, control, waiting, answer } = status;
  const problem = error && errorText(error);
  const line = (key: string, Icon: LucideIcon | null, words: string, tone?: 'bad' | 'good') => (
    <p key={key} className={styles.line} data-tone={tone}>
      {Icon && <Icon size={13} aria-hidden />} {words}
    </p>
  );
  return (
    <div role="status">
      {problem && line('error', CircleX, `${problem.what} ${problem.advice}`, 'bad')}
      {whole && line('whole', null, t('whole'))}
      {badLines > 0 && line('lines', null, t('badLines', { count: badLines }))}
      {open && line('control', null, t(`control.${control}`))}
      {waiting && line('waiting', FileClock, t('waiting'))}
      {answer?.refused != null &&
        line('refused', CircleX, t('refused', { step: format.count(answer.step), sentence: answer.refused }), 'bad')}
      {answer?.refused === null && line('taken', CircleCheck, t('taken', { step: format.count(answer.step + 1) }), 'good')}
    </div>
  );
}
