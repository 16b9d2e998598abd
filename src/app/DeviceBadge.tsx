/** The engine in words: "CPU · wasm · 2 threads — no GPU adapter", with the reason at length in the tooltip. */
import { Tooltip } from '@mantine/core';
import { Cpu, Gpu, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { DeviceInfo } from '../contract/device';
import { useErrorText } from '../i18n/error-text';
import { useDevice } from '../lab/device-store';
import styles from './DeviceBadge.module.css';

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

export function DeviceBadge() {
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
