/** Puts a report's sections together in one language. What was not measured has no section. */
import type { ReportDocument, Section } from './document';
import { createNaming, type Naming } from './naming';
import type { Report } from './report';
import { channelsSection } from './sections/channels-section';
import { curvesSection } from './sections/curves-section';
import { diagnosisSection } from './sections/diagnosis-section';
import { probesSection, termsSection } from './sections/knowledge-sections';
import { layersSection } from './sections/layers-section';
import { methodSection } from './sections/method-section';
import { runSection } from './sections/run-section';
import { memorisationSection, robustnessSection } from './sections/stability-sections';
import { summarySection } from './sections/summary-section';
import type { ReportWords } from './words';

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
