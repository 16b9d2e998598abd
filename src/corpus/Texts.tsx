/** Every text at hand with the size of its splits, and the first documents of one, shown as text, never as HTML. */
import { useEffect, useState } from 'react';
import { CloseButton, SegmentedControl, Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { Card, Skeleton } from '../ui/Card';
import { ErrorBanner } from '../ui/Banner';
import { useCorpusName, channelColour } from '../channels/channel';
import { useCorpora } from './store';
import { Eye, EyeOff, Trash2 } from 'lucide-react';
import type { CorpusRecord } from '../contract/corpus';
import styles from './Texts.module.css';
import corpusStyles from './Corpus.module.css';

/** Shown of a document before it is opened. */
const EXCERPT = { characters: 700, lines: 14 };

/** Special tokens that are named. */
const NAMED = 6;

function excerpt(text: string): string {
  return text.split('\n', EXCERPT.lines).join('\n').slice(0, EXCERPT.characters);
}

export function Sample() {
  const { t } = useTranslation('corpus');
  const corpusName = useCorpusName();
  const { look, corpora, lookInto, endLook } = useCorpora();
  const corpus = corpora.find(({ id }) => id === look?.corpus);
  if (!look || !corpus) return null;
  return (
    <Card
      title={t('sample.title', { name: corpusName(corpus) })}
      aside={
        <div className={styles.tools}>
          <SegmentedControl
            size="xs"
            aria-label={t('sample.split')}
            value={look.split}
            onChange={(split) => void lookInto(corpus.id, split)}
            data={[
              { value: 'train', label: t('sample.train') },
              { value: 'heldOut', label: t('sample.heldOut') },
            ]}
          />
          <CloseButton aria-label={t('endLook')} onClick={endLook} />
        </div>
      }
    >
      {look.state === 'loading' && <Skeleton lines={5} />}
      {look.state === 'failed' && <ErrorBanner error={look.error} onRetry={() => void lookInto(corpus.id, look.split)} />}
      {look.state === 'ready' &&
        (look.documents.length === 0 ? (
          <p className={styles.note}>{t('sample.none')}</p>
        ) : (
          <>
            <p className={styles.note}>{t('sample.note')}</p>
            <ol className={styles.documents}>
              {look.documents.map((text, at) => (
                <Document key={at} text={text} number={at + 1} />
              ))}
            </ol>
          </>
        ))}
    </Card>
  );
}

function Document({ text, number }: { text: string; number: number }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const [whole, setWhole] = useState(false);
  const begin = excerpt(text);
  const long = begin.length < text.length;
  return (
    <li>
      <div className={styles.head}>
        <span>{t('sample.document', { number, characters: format.count([...text].length) })}</span>
        {long && (
          <button type="button" aria-expanded={whole} onClick={() => setWhole(!whole)}>
            {t(whole ? 'sample.less' : 'sample.more')}
          </button>
        )}
      </div>
      <pre tabIndex={whole ? 0 : undefined} data-whole={whole}>
        {whole || !long ? text : `${begin} …`}
      </pre>
    </li>
  );
}

/** Every text at hand: role, size of both splits, licence. On a narrow screen each row is a card. */
export function CorpusList({ onRemove }: { onRemove: (corpus: CorpusRecord) => void }) {
  const { t } = useTranslation('corpus');
  const corpora = useCorpora((state) => state.corpora);
  return (
    <Card title={t('list')} className={corpusStyles.listCard}>
      <table className={corpusStyles.list}>
        <thead>
          <tr>
            <th scope="col">{t('column.name')}</th>
            <th scope="col">{t('column.role')}</th>
            <th scope="col" className={corpusStyles.right}>
              {t('column.train')}
            </th>
            <th scope="col" className={corpusStyles.right}>
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

/** Special tokens that stand written out in a text, with the tokenizers at hand in which they are special. */
function SpecialTokens({ corpus: { id, createdAt } }: { corpus: CorpusRecord }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const special = useCorpora((state) => state.special[id]);
  const searchSpecial = useCorpora((state) => state.searchSpecial);
  useEffect(() => void searchSpecial(id), [id, createdAt, searchSpecial]);
  if (!special || special.found.length === 0) return null;
  const named = special.found.slice(0, NAMED).map(({ token, count, tokenizers }) => {
    const owners = tokenizers.length > 0 ? ` (${tokenizers.slice(0, 3).join(', ')})` : '';
    return `${token} × ${format.count(count)}${owners}`;
  });
  const tokens = named.join(', ') + (special.found.length > NAMED ? ', …' : '');
  return (
    <span className={corpusStyles.special} role="status" data-testid="special-tokens">
      {t('special.found', { tokens })}
      {!special.whole && ` ${t('special.part', { bytes: format.bytes(special.bytes) })}`}
    </span>
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
        <span className={corpusStyles.name} style={{ color: channelColour(corpus.id) }}>
          <i aria-hidden />
          {name}
        </span>
        <span className={corpusStyles.id}>
          {corpus.bundled
            ? `${corpus.id} · ${t('bundled')}`
            : t(corpus.generated ? 'generated.at' : corpus.channel === undefined ? 'imported' : 'cleaned', {
                date: format.dateTime(corpus.createdAt),
              })}
        </span>
        {corpus.kind && <span className={corpusStyles.id}>{t(`recordKind.${corpus.kind}`)}</span>}
        {corpus.pseudo !== undefined && (
          <span className={corpusStyles.id}>{t('pseudo', { count: corpus.pseudo, formatted: format.count(corpus.pseudo) })}</span>
        )}
        {corpus.generated && (
          <span className={corpusStyles.id} data-testid="generated">
            {t('generated.by', { ...corpus.generated.settings })}
          </span>
        )}
        {!corpus.bundled && !corpus.generated && <SpecialTokens corpus={corpus} />}
      </th>
      <td data-label={t('column.role')}>{common(`role.${corpus.role}`)}</td>
      {(['train', 'heldOut'] as const).map((split) => (
        <td key={split} data-label={t(`column.${split}`)} className={corpusStyles.right}>
          <span>
            {format.bytes(corpus.bytes[split])}
            <span className={corpusStyles.id}>
              {t('documents', { count: corpus.documents[split], formatted: format.count(corpus.documents[split]) })}
            </span>
          </span>
        </td>
      ))}
      <td data-label={t('column.licence')} className={corpusStyles.licence}>
        {corpus.generated ? t('generated.licence') : corpus.licence === '' ? t('own') : corpus.licence}
      </td>
      <td className={corpusStyles.actions}>
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
