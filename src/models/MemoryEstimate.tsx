/** What training this model takes in memory, for a batch that a person can set, against what the device offers. */
import { useState } from 'react';
import { Switch } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { ModelConfig } from '../core/model/config';
import { fits, memoryRemedy, trainingMemory, type MemoryDemand } from '../core/model/memory';
import { useFormat } from '../i18n/format';
import { useDevice } from '../lab/device-store';
import { MemoryRemedyText } from '../diagnosis/words';
import { NumberField } from '../ui/fields';
import styles from './Models.module.css';

const PARTS = ['weights', 'gradients', 'moments', 'activations'] as const;

export function MemoryEstimate({ name, config }: { name: string; config: ModelConfig | null }) {
  const { t } = useTranslation('models');
  const format = useFormat();
  const device = useDevice((state) => (state.device.kind === 'open' ? state.device.info : null));
  const [rows, setRows] = useState(8);
  const [context, setContext] = useState(Math.min(128, config?.context ?? 128));
  const [checkpointing, setCheckpointing] = useState(false);
  if (!config) return <p className={styles.dim}>{t('memory.unknown')}</p>;
  const demand: MemoryDemand = { rows, context, checkpointing, precision: 'f32' };
  const memory = trainingMemory(config, demand);
  const words = Object.fromEntries(PARTS.map((part) => [part, format.bytes(memory[part])])) as Record<(typeof PARTS)[number], string>;
  const fit = device ? fits(memory, device.memory) : null;
  const remedy = device && fit === false ? memoryRemedy(config, demand, device.memory) : null;
  const offered = device?.memory.total ?? null;
  return (
    <section className={styles.memory} aria-label={t('memory.of', { name })}>
      <div className={styles.memoryHead}>
        <div>
          <h3>{t('memory.title')}</h3>
          <b className={styles.total}>{t('memory.total', { bytes: format.bytes(memory.total) })}</b>
        </div>
        <div className={styles.batch}>
          <NumberField label={t('memory.rows')} value={rows} min={1} max={512} integer onChange={setRows} />
          <NumberField label={t('memory.context')} value={context} min={8} max={config.context} step={8} integer onChange={setContext} />
        </div>
      </div>
      <Switch
        size="xs"
        label={t('memory.checkpointing')}
        checked={checkpointing}
        onChange={(event) => setCheckpointing(event.currentTarget.checked)}
      />
      <div className={styles.bar} role="img" aria-label={t('memory.label', words)}>
        {PARTS.map((part) => (
          <i key={part} data-part={part} style={{ flexGrow: memory[part] / memory.total }} />
        ))}
      </div>
      <ul className={styles.parts}>
        {PARTS.map((part) => (
          <li key={part}>
            <i data-part={part} aria-hidden />
            {t(`memory.${part}`)} <b>{words[part]}</b>
          </li>
        ))}
      </ul>
      {device && (
        <p role="status" className={styles.verdict} data-fits={fit ?? 'unknown'}>
          {fit === false ? (
            <MemoryRemedyText memory={memory} device={device.memory} remedy={remedy} />
          ) : (
            t(fit ? 'memory.fits' : 'memory.untold', {
              offered: format.bytes(offered),
              share: format.percent(offered === null ? null : memory.total / offered),
              largest: format.bytes(memory.largestTensor),
              limit: format.bytes(device.memory.largestTensor),
            })
          )}
        </p>
      )}
      <p className={styles.dim}>{t('memory.note')}</p>
    </section>
  );
}
