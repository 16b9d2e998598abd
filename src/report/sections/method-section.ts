/** How to read the figures, and what was not measured. */
import type { Section } from '../document';
import type { Report } from '../report';
import type { ReportWords } from '../words';

export function methodSection({ notMeasured }: Report, words: ReportWords): Section {
  const { t } = words;
  const explained = ['bits', 'interval', 'retention', 'risk', 'chance'];
  return {
    id: 'method',
    title: t('method.title'),
    blocks: [
      { kind: 'list', items: explained.map((name) => ({ lead: t(`method.${name}.name`), text: t(`method.${name}.text`) })) },
      {
        kind: 'text',
        lead: t('method.notMeasured'),
        text: notMeasured.length === 0 ? t('method.all') : words.list(notMeasured.map((part) => t(`part.${part}`))),
      },
    ],
  };
}
