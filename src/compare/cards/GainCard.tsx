/** What the domain gained, in bits per byte, which compare whatever the tokenizers. */
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { Card } from '../../ui/Card';
import { Figure } from '../../ui/Figure';
import { Estimated } from '../Estimated';
import type { ShownFigures } from '../figures';
import { gainVerdict } from '../summary';
import { ThirdLine } from './ThirdLine';
import styles from './Summary.module.css';

const TONES = { learnt: 'good', lost: 'bad', same: 'plain', unclear: 'plain' } as const;

export function GainCard({ figures }: { figures: ShownFigures | null }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const summary = figures?.summary ?? null;
  const gain = summary?.gain[1] ?? null;
  const third = summary?.gain[2] ?? null;
  const verdict = gain && gainVerdict(gain);
  return (
    <Card title={t('gain.title')} className={styles.card} data-testid="domain-gain">
      <Figure
        tone={verdict ? TONES[verdict] : 'plain'}
        value={
          gain ? (
            <>
              {format.delta(gain.value)} <span className={styles.unit}>{t('gain.unit')}</span>{' '}
              {gain.interval && <span className={styles.interval}>{format.interval(gain.interval)}</span>}
            </>
          ) : (
            '—'
          )
        }
      >
        <p className={styles.sentence}>
          {summary === null ? t('measure.empty') : verdict === null ? t('gain.none') : <GainSentence figures={figures!} />}
        </p>
      </Figure>
      {third && (
        <ThirdLine>
          <Estimated estimate={third}>{format.delta(third.value)}</Estimated>
        </ThirdLine>
      )}
    </Card>
  );
}

function GainSentence({ figures: { summary, measured } }: { figures: ShownFigures }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const gain = summary.gain[1]!;
  const verdict = gainVerdict(gain);
  const share = format.percent(Math.abs(gain.value) / (summary.domainBits ?? 1));
  const domain = summary.rows.filter(({ channel }) => channel.role === 'domain');
  const [only] = domain;
  // Perplexities are of one channel and of one tokenizer.
  const perplexity =
    domain.length === 1 && only && summary.comparable[1]
      ? { from: format.perplexity(only.perplexity[0]!.value), to: format.perplexity(only.perplexity[1]!.value) }
      : null;
  return (
    <>
      {t(`gain.${verdict}`, { share })} {perplexity && verdict !== 'same' && t('gain.perplexity', perplexity)}{' '}
      {measured && gain.interval && (verdict === 'learnt' || verdict === 'lost') && t('gain.sure')}
    </>
  );
}
