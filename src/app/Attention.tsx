/** What waits for a person who looked elsewhere: alerts above every page, in the tab's title and by the system; and what to be called for. */
import { useEffect, useState } from 'react';
import { CloseButton, Switch } from '@mantine/core';
import { BellRing } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import type { RunAlert } from '../core/diagnosis/alerts';
import { useFormat } from '../i18n/format';
import { ALERT_KINDS, dismissAlert, setAttention, useAttention } from '../lab/attention-store';
import { useOffline } from '../lab/offline-store';
import { Banner } from '../ui/Banner';
import { NumberField } from '../ui/fields';
import styles from './Attention.module.css';

/** The alert's figures as its sentences take them. */
function useAlertWords() {
  const { t } = useTranslation('attention');
  const format = useFormat();
  return ({ kind, run, step, values }: RunAlert) => {
    const shown = {
      run: run.name,
      step: format.count(step),
      retention: format.retention(values['retention'] ?? null),
      line: format.decimal(values['line'] ?? null, 2),
      rise: format.decimal(values['rise'] ?? null, 2),
      evaluations: format.count(values['evaluations'] ?? null),
    };
    return { what: t(`alert.${kind}`, shown), advice: t(`advice.${kind}`), short: t(`short.${kind}`, shown) };
  };
}

/** Told by the system already, or seen on a page in front. */
const told = new WeakSet<RunAlert>();

/** Where a page may not make one itself, as on a phone, its service worker may. */
async function notify(title: string, body: string, tag: string): Promise<void> {
  try {
    const notification = new Notification(title, { body, tag });
    notification.onclick = () => window.focus();
  } catch {
    const registration = await navigator.serviceWorker?.getRegistration();
    await registration?.showNotification(title, { body, tag }).catch(() => undefined);
  }
}

export function AlertBanners() {
  const { t } = useTranslation();
  const words = useAlertWords();
  const [path] = useLocation();
  const { alerts, notify: bySystem } = useAttention();
  const title = alerts.length === 0 ? t('product') : `● ${words(alerts.at(-1)!).short} · ${t('product')}`;
  useEffect(() => {
    document.title = title;
    return () => void (document.title = t('product'));
  }, [title, t]);
  useEffect(() => {
    for (const alert of alerts) {
      if (told.has(alert)) continue;
      told.add(alert);
      if (!bySystem || Notification.permission !== 'granted' || document.hasFocus()) continue;
      const { what, advice } = words(alert);
      void notify(what, advice, `${alert.run.id} ${alert.kind}`);
    }
  });
  return alerts.map((alert) => {
    const { what, advice } = words(alert);
    return (
      <Banner
        key={`${alert.run.id} ${alert.kind} ${alert.step}`}
        tone={alert.kind === 'plateau' ? 'plain' : alert.kind === 'retention' ? 'warn' : 'bad'}
        icon={BellRing}
      >
        <span>
          <strong>{what}</strong> {advice}
        </span>
        {!path.startsWith('/desk') && <Link href="/desk">{t('toDesk')}</Link>}
        <CloseButton size="sm" aria-label={t('dismiss')} onClick={() => dismissAlert(alert)} />
      </Banner>
    );
  });
}

/** Behind the bell. */
export function AttentionPanel() {
  const { t } = useTranslation('attention');
  const { awake, notify: bySystem, rules } = useAttention();
  const kept = useOffline((state) => state.kept);
  const [refused, setRefused] = useState(false);
  const canNotify = 'Notification' in window;
  const canHold = 'wakeLock' in navigator;

  async function toggleNotify(on: boolean) {
    const allowed = on && (await Notification.requestPermission()) === 'granted';
    setRefused(on && !allowed);
    setAttention({ notify: allowed });
  }

  return (
    <div className={styles.panel}>
      <Switch
        size="xs"
        label={t('screen')}
        description={canHold ? t('screenHelp') : t('noWakeLock')}
        checked={awake && canHold}
        disabled={!canHold}
        onChange={(event) => setAttention({ awake: event.currentTarget.checked })}
      />
      <fieldset className={styles.rules}>
        <legend>{t('call')}</legend>
        {ALERT_KINDS.map((kind) => (
          <Switch
            key={kind}
            size="xs"
            label={kind === 'retention' ? `${t('rule.retention')} ${rules.retentionLine}` : t(`rule.${kind}`)}
            checked={rules.on[kind]}
            onChange={(event) => setAttention({ rules: { ...rules, on: { ...rules.on, [kind]: event.currentTarget.checked } } })}
          />
        ))}
        <NumberField
          label={t('line')}
          value={rules.retentionLine}
          min={0.5}
          max={1}
          step={0.01}
          disabled={!rules.on.retention}
          onChange={(retentionLine) => setAttention({ rules: { ...rules, retentionLine } })}
        />
      </fieldset>
      <Switch
        size="xs"
        label={t('notify')}
        description={canNotify ? (refused ? t('notifyRefused') : undefined) : t('notifyNone')}
        checked={bySystem && canNotify && Notification.permission === 'granted'}
        disabled={!canNotify}
        onChange={(event) => void toggleNotify(event.currentTarget.checked)}
      />
      <p className={styles.note}>{t(`offline.${kept}`)}</p>
    </div>
  );
}
