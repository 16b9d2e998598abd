/** One base model: what it is built of, what it takes to train, its card. */
import { useMemo } from 'react';
import { Button } from '@mantine/core';
import { BookOpen, Download, SlidersVertical, Trash2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import type { ModelRecord } from '../contract/library';
import { useFormat } from '../i18n/format';
import { Card, Skeleton } from '../ui/Card';
import { ErrorBanner } from '../ui/Banner';
import { EditableName } from '../ui/LibraryPage';
import { architectureFacts, type ArchitectureFacts } from './architecture';
import { ArchitectureStack } from './ArchitectureStack';
import { CardText } from './CardText';
import { deskPath } from '../lab/desk-recipes';
import { parseCard } from './markdown';
import { MemoryEstimate } from './MemoryEstimate';
import { ModelNotices } from './ModelNotices';
import { useModelExport, useModels } from './store';
import styles from './Models.module.css';

export function ModelItem({ model, onRemove }: { model: ModelRecord; onRemove: (model: ModelRecord) => void }) {
  const { t } = useTranslation('models');
  const format = useFormat();
  const facts = useMemo(() => architectureFacts(model), [model]);
  const card = useModels((state) => (state.card?.model === model.id ? state.card : null));
  const openCard = useModels((state) => state.openCard);
  const closeCard = useModels((state) => state.closeCard);
  const report = useModels((state) => state.report);
  const rename = useModels((state) => state.rename);
  const beginExport = useModelExport((state) => state.begin);
  const [, navigate] = useLocation();
  const fail = (error: unknown) => report(model.id, error);
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
            <Button size="xs" leftSection={<SlidersVertical size={14} />} onClick={() => void deskPath(model).then(navigate, fail)}>
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
          {facts.config && <ArchitectureStack name={model.name} config={facts.config} />}
          <div className={styles.aside}>
            <Facts facts={facts} />
            <MemoryEstimate name={model.name} config={facts.config} />
          </div>
        </div>
        {card && <CardPart />}
      </Card>
    </li>
  );
}

function Facts({ facts }: { facts: ArchitectureFacts }) {
  const { t } = useTranslation('models');
  const format = useFormat();
  const { config } = facts;
  const shown = {
    family: facts.family,
    parameters: format.count(facts.parameters),
    layers: format.count(config?.layers ?? null),
    width: format.count(config?.hidden ?? null),
    vocabulary: format.count(facts.vocabulary),
    context: format.count(facts.context),
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
