/** All sources of the bundled texts with their packages and licences, grouped by licence: the notices the licences ask for. */
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../ui/Card';
import { ChannelTag } from '../channels/ChannelTag';
import { groupByLicence } from './attribution';
import { useCorpusName } from './corpus-name';
import { useCorpora } from './store';
import styles from './Sources.module.css';

export function Sources() {
  const { t } = useTranslation('corpus');
  const corpusName = useCorpusName();
  const corpora = useCorpora((state) => state.corpora);
  const groups = useMemo(() => groupByLicence(corpora.filter(({ bundled }) => bundled)), [corpora]);
  if (groups.length === 0) return null;
  return (
    <Card title={t('sources.title')}>
      <p className={styles.lead}>{t('sources.lead')}</p>
      <div className={styles.groups}>
        {groups.map(({ licence, sources }) => (
          <section key={licence} aria-label={t('sources.licence', { licence })}>
            <h3>{licence}</h3>
            <ul>
              {sources.map((source) => (
                <li key={`${source.text} ${source.package}`}>
                  <span>{source.text}</span>
                  <span className={styles.from}>
                    {t('sources.package')} {source.package}
                  </span>
                  <span className={styles.used}>
                    {source.corpora.map((id) => (
                      <ChannelTag key={id} id={id} />
                    ))}
                  </span>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
      <h3 className={styles.terms}>{t('sources.terms')}</h3>
      <dl className={styles.whole}>
        {corpora
          .filter((corpus) => corpus.bundled)
          .map((corpus) => (
            <div key={corpus.id}>
              <dt>{corpusName(corpus)}</dt>
              <dd>{corpus.licence}</dd>
            </div>
          ))}
      </dl>
    </Card>
  );
}
