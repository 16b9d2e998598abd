/** Every text at hand: role, size of both splits, licence. On a narrow screen each row is a card. */
import { Button } from '@mantine/core';
import { Eye, EyeOff, Trash2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { CorpusRecord } from '../contract/corpus';
import { useFormat } from '../i18n/format';
import { channelColour } from '../channels/channel-colour';
import { Card } from '../ui/Card';
import { useCorpusName } from './corpus-name';
import { useCorpora } from './store';
import styles from './Corpus.module.css';

export function CorpusList({ onRemove }: { onRemove: (corpus: CorpusRecord) => void }) {
  const { t } = useTranslation('corpus');
  const corpora = useCorpora((state) => state.corpora);
  return (
    <Card title={t('list')} className={styles.listCard}>
      <table className={styles.list}>
        <thead>
          <tr>
            <th scope="col">{t('column.name')}</th>
            <th scope="col">{t('column.role')}</th>
            <th scope="col" className={styles.right}>
              {t('column.train')}
            </th>
            <th scope="col" className={styles.right}>
              {t('column.heldOut')}
            </th>
            <th scope="col">{t('column.licence')}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {corpora.map((corpus) => (
            <Row key={corpus.id} corpus={corpus} onRemove={onRemove} />
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function Row({ corpus, onRemove }: { corpus: CorpusRecord; onRemove: (corpus: CorpusRecord) => void }) {
  const { t } = useTranslation('corpus');
  const { t: common } = useTranslation();
  const format = useFormat();
  const name = useCorpusName()(corpus);
  const looking = useCorpora((state) => state.look?.corpus === corpus.id);
  const lookInto = useCorpora((state) => state.lookInto);
  const endLook = useCorpora((state) => state.endLook);
  return (
    <tr data-corpus={corpus.id} data-testid="corpus">
      <th scope="row">
        <span className={styles.name} style={{ color: channelColour(corpus.id) }}>
          <i aria-hidden />
          {name}
        </span>
        <span className={styles.id}>
          {corpus.bundled
            ? `${corpus.id} · ${t('bundled')}`
            : t(corpus.channel === undefined ? 'imported' : 'cleaned', { date: format.dateTime(corpus.createdAt) })}
        </span>
      </th>
      <td data-label={t('column.role')}>{common(`role.${corpus.role}`)}</td>
      {(['train', 'heldOut'] as const).map((split) => (
        <td key={split} data-label={t(`column.${split}`)} className={styles.right}>
          <span>
            {format.bytes(corpus.bytes[split])}
            <span className={styles.id}>
              {t('documents', { count: corpus.documents[split], formatted: format.count(corpus.documents[split]) })}
            </span>
          </span>
        </td>
      ))}
      <td data-label={t('column.licence')} className={styles.licence}>
        {corpus.licence === '' ? t('own') : corpus.licence}
      </td>
      <td className={styles.actions}>
        <Button
          size="xs"
          variant="default"
          leftSection={looking ? <EyeOff size={13} /> : <Eye size={13} />}
          aria-pressed={looking}
          aria-label={looking ? t('endLook') : t('lookAt', { name })}
          onClick={() => (looking ? endLook() : void lookInto(corpus.id, 'train'))}
        >
          {t('look')}
        </Button>
        {!corpus.bundled && (
          <Button
            size="xs"
            variant="default"
            leftSection={<Trash2 size={13} />}
            aria-label={t('removeName', { name })}
            onClick={() => onRemove(corpus)}
          >
            {t('remove')}
          </Button>
        )}
      </td>
    </tr>
  );
}
