/** How to read the figures, and what was not measured. */
import type { Section, ReportDocument } from './document';
import type { Report } from './report';
import type { ReportWords } from './words';
import { createNaming, type Naming } from './naming';
import { channelsSection, curvesSection } from './sections/loss';
import { diagnosisSection, runSection } from './sections/run';
import { probesSection, termsSection, layersSection, memorisationSection, robustnessSection } from './sections/measures';
import { summarySection } from './sections/summary';

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

/** Puts a report's sections together in one language. What was not measured has no section. */
/** In the order in which a meeting asks for them. */
const SECTIONS: readonly ((report: Report, words: ReportWords, naming: Naming) => Section | null)[] = [
  summarySection,
  diagnosisSection,
  channelsSection,
  curvesSection,
  termsSection,
  probesSection,
  memorisationSection,
  robustnessSection,
  layersSection,
  runSection,
  methodSection,
];

export function composeReport(report: Report, words: ReportWords): ReportDocument {
  const { t, format } = words;
  const { device } = report;
  const naming = createNaming(report, words);
  return {
    title: t('head.title', { title: report.title }),
    facts: [
      t('head.product', { product: report.product.name, version: report.product.version }),
      format.dateTime(report.at),
      ...(device === null
        ? []
        : [
            device.adapter === ''
              ? t('head.cpu', { backend: device.backend, threads: format.count(device.threads) })
              : t('head.gpu', { adapter: device.adapter }),
          ]),
    ],
    sections: SECTIONS.flatMap((section) => section(report, words, naming) ?? []),
  };
}
