/** Composes a report's sections in one language. What was not measured has no section. */
import type { ReportDocument, Section } from './document';
import { createNaming, type Naming } from './naming';
import type { Report } from './report';
import { channelsSection, curvesSection } from './sections/loss';
import {
  explanationSection,
  layersSection,
  memorisationSection,
  preferencesSection,
  probesSection,
  robustnessSection,
  termsSection,
  textsSection,
} from './sections/measures';
import { diagnosisSection, runSection } from './sections/run';
import { summarySection } from './sections/summary';
import type { ReportWords } from './words';

function methodSection({ notMeasured }: Report, words: ReportWords): Section {
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

/** In the order of a meeting's questions. */
const SECTIONS: readonly ((report: Report, words: ReportWords, naming: Naming) => Section | null)[] = [
  summarySection,
  diagnosisSection,
  channelsSection,
  curvesSection,
  termsSection,
  textsSection,
  preferencesSection,
  probesSection,
  memorisationSection,
  robustnessSection,
  layersSection,
  explanationSection,
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
