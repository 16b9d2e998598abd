/** One base model: what it is built of, what it takes to train, its card. */
import { useState, useMemo } from 'react';
import { Switch, Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { methodLine, presetMethod, type MethodPreset } from '../core/recipe/method';
import type { ModelConfig } from '../core/model/config';
import { fits, memoryRemedy, trainingMemory, type MemoryDemand } from '../core/model/memory';
import { useFormat } from '../i18n/format';
import { useDevice } from '../lab/device-store';
import { MemoryRemedyText } from '../diagnosis/words';
import { ChoiceField, NumberField } from '../ui/fields';
import { BookOpen, Download, SlidersVertical, Trash2 } from 'lucide-react';
import { useLocation } from 'wouter';
import type { ModelRecord } from '../contract/library';
import { Card, Skeleton } from '../ui/Card';
import { ErrorBanner } from '../ui/Banner';
import { EditableName } from '../ui/LibraryPage';
import { ArchitectureStack } from './ArchitectureStack';
import { CardText } from './CardText';
import { deskPath } from '../lab/desk-recipes';
import { parseCard } from './markdown';
import { ModelNotices } from './ModelNotices';
import { useModelExport, useModels } from './store';
import styles from './Models.module.css';

const METHODS = ['full', 'qkv', 'qkvo', 'all', 'last', 'head', 'prefix', 'prompt'] as const satisfies readonly (MethodPreset | 'full')[];
const PARTS = ['weights', 'gradients', 'moments', 'anchors', 'activations'] as const;
/** What a recipe that holds the weights to the base's asks of memory. */
const HELD = { ewc: { lambda: 1, sequences: 64, labels: 'model' } } as const;

/** What training this model takes in memory, for a batch that a person can set, against what the device offers. */
function MemoryEstimate({ name, config }: { name: string; config: ModelConfig | null }) {
  const { t } = useTranslation('models');
  const format = useFormat();
  const device = useDevice((state) => (state.device.kind === 'open' ? state.device.info : null));
  const [rows, setRows] = useState(8);
  const [context, setContext] = useState(Math.min(128, config?.context ?? 128));
  const [checkpointing, setCheckpointing] = useState(false);
  const [held, setHeld] = useState(false);
  const [method, setMethod] = useState<MethodPreset | 'full'>('full');
  if (!config) return <p className={styles.dim}>{t('memory.unknown')}</p>;
  const demand: MemoryDemand = {
    rows,
    context,
    checkpointing,
    precision: 'f32',
    ...(held ? { regularisation: HELD } : {}),
    ...(method === 'full' ? {} : { method: presetMethod(method) }),
  };
  const parts = PARTS.filter((part) => part !== 'anchors' || held);
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
      <ChoiceField
        label={t('memory.method')}
        value={method}
        choices={METHODS}
        words={(name) => (name === 'full' ? t('memory.full') : methodLine(presetMethod(name)))}
        onChange={(name) => setMethod(name)}
      />
      <Switch
        size="xs"
        label={t('memory.checkpointing')}
        checked={checkpointing}
        onChange={(event) => setCheckpointing(event.currentTarget.checked)}
      />
      <Switch size="xs" label={t('memory.held')} checked={held} onChange={(event) => setHeld(event.currentTarget.checked)} />
      <div
        className={styles.bar}
        role="img"
        aria-label={t('memory.label', words) + (held ? ` · ${t('memory.anchors')} ${words.anchors}` : '')}
      >
        {parts.map((part) => (
          <i key={part} data-part={part} style={{ flexGrow: memory[part] / memory.total }} />
        ))}
      </div>
      <ul className={styles.parts}>
        {parts.map((part) => (
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

export function ModelItem({ model, onRemove }: { model: ModelRecord; onRemove: (model: ModelRecord) => void }) {
  const { t } = useTranslation('models');
  const format = useFormat();
  const card = useModels((state) => (state.card?.model === model.id ? state.card : null));
  const openCard = useModels((state) => state.openCard);
  const closeCard = useModels((state) => state.closeCard);
  const report = useModels((state) => state.report);
  const rename = useModels((state) => state.rename);
  const beginExport = useModelExport((state) => state.begin);
  const [, navigate] = useLocation();
  return (
    <li data-testid="model" data-model={model.id}>
      <Card label={model.name}>
        <div className={styles.head}>
          <div>
            {model.bundled ? (
              <h2>{model.name}</h2>
            ) : (
              <EditableName
                name={model.name}
                heading="h2"
                className={styles.name}
                label={t('name')}
                renameLabel={t('rename', { name: model.name })}
                maxLength={60}
                onRename={(name) => void rename(model.id, name)}
              />
            )}
            <p className={styles.dim}>
              {model.bundled && `${model.id} · `}
              {t('parameters', { formatted: format.compact(model.parameters) })} ·{' '}
              {model.bundled ? t('bundled') : t('imported', { date: format.dateTime(model.createdAt) })}
            </p>
          </div>
          <div className={styles.actions}>
            <Button size="xs" leftSection={<SlidersVertical size={14} />} onClick={() => void deskPath(model).then(navigate, report)}>
              {t('use')}
            </Button>
            <Button
              size="xs"
              variant="default"
              leftSection={<BookOpen size={14} />}
              aria-expanded={card !== null}
              onClick={() => (card ? closeCard() : void openCard(model.id))}
            >
              {t(card ? 'card.hide' : 'card.show')}
            </Button>
            <Button
              size="xs"
              variant="default"
              leftSection={<Download size={14} />}
              aria-label={t('export.title', { name: model.name })}
              onClick={() => beginExport(model.id)}
            >
              {t('exportIt')}
            </Button>
            {!model.bundled && (
              <Button
                size="xs"
                variant="default"
                leftSection={<Trash2 size={14} />}
                aria-label={t('removeName', { name: model.name })}
                onClick={() => onRemove(model)}
              >
                {t('remove')}
              </Button>
            )}
          </div>
        </div>
        {model.notices && (
          <details className={styles.told}>
            <summary>{t('notices', { count: model.notices.length })}</summary>
            <ModelNotices notices={model.notices} />
          </details>
        )}
        <div className={styles.body}>
          {model.shape && <ArchitectureStack name={model.name} config={model.shape} />}
          <div className={styles.aside}>
            <Facts model={model} />
            <MemoryEstimate name={model.name} config={model.shape} />
          </div>
        </div>
        {card && <CardPart />}
      </Card>
    </li>
  );
}

function Facts({ model }: { model: ModelRecord }) {
  const { t } = useTranslation('models');
  const format = useFormat();
  const { shape: config } = model;
  const shown = {
    family: model.architecture,
    parameters: format.count(model.parameters),
    layers: format.count(config?.layers ?? null),
    width: format.count(config?.hidden ?? null),
    vocabulary: format.count(model.vocabulary),
    context: format.count(model.context),
  };
  return (
    <dl className={styles.facts}>
      {(Object.keys(shown) as (keyof typeof shown)[]).map((fact) => (
        <div key={fact}>
          <dt>{t(`fact.${fact}`)}</dt>
          <dd>{shown[fact]}</dd>
        </div>
      ))}
    </dl>
  );
}

function CardPart() {
  const { t } = useTranslation('models');
  const card = useModels((state) => state.card);
  const openCard = useModels((state) => state.openCard);
  const parsed = useMemo(() => parseCard(card?.text ?? ''), [card?.text]);
  if (!card) return null;
  return (
    <div className={styles.card}>
      {card.state === 'loading' && <Skeleton lines={5} />}
      {card.state === 'failed' && <ErrorBanner error={card.error} onRetry={() => void openCard(card.model)} />}
      {card.state === 'ready' &&
        (card.text.trim() === '' ? <p className={styles.dim}>{t('card.none')}</p> : <CardText blocks={parsed.blocks} />)}
      {parsed.metadata !== '' && (
        <details>
          <summary>{t('card.metadata')}</summary>
          <pre tabIndex={0}>{parsed.metadata}</pre>
        </details>
      )}
    </div>
  );
}
