/** Sources of the bundled texts with their packages and licences, grouped by licence: the notices that the licences ask for. */
import type { CorpusRecord } from '../contract/corpus';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../ui/Card';
import { ChannelTag, useCorpusName } from '../channels/channel';
import { useCorpora } from './store';
import styles from './Sources.module.css';

interface AttributedSource {
  text: string;
  package: string;
  licence: string;
  corpora: string[];
}

export interface LicenceGroup {
  licence: string;
  sources: AttributedSource[];
}

/** Grouped by licence in the order met; a source that serves several corpora appears once. */
export function groupByLicence(corpora: readonly CorpusRecord[]): LicenceGroup[] {
  const groups = new Map<string, Map<string, AttributedSource>>();
  for (const corpus of corpora)
    for (const source of corpus.attribution) {
      const group = groups.get(source.licence) ?? new Map<string, AttributedSource>();
      groups.set(source.licence, group);
      const key = JSON.stringify([source.text, source.package]);
      const known = group.get(key);
      if (!known) group.set(key, { ...source, corpora: [corpus.id] });
      else if (!known.corpora.includes(corpus.id)) known.corpora.push(corpus.id);
    }
  return [...groups].map(([licence, sources]) => ({ licence, sources: [...sources.values()] }));
}

/** All sources of the bundled texts with their packages and licences, grouped by licence: the notices the licences ask for. */
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
