/** The studio's own texts, in one language: tests name a control by what a person reads on it. */
import { readFileSync } from 'node:fs';
import type attention from '../../src/i18n/en/attention.json';
import type before from '../../src/i18n/en/before.json';
import type cluster from '../../src/i18n/en/cluster.json';
import type common from '../../src/i18n/en/common.json';
import type compare from '../../src/i18n/en/compare.json';
import type corpus from '../../src/i18n/en/corpus.json';
import type desk from '../../src/i18n/en/desk.json';
import type diagnosis from '../../src/i18n/en/diagnosis.json';
import type errors from '../../src/i18n/en/errors.json';
import type follow from '../../src/i18n/en/follow.json';
import type internals from '../../src/i18n/en/internals.json';
import type learn from '../../src/i18n/en/learn.json';
import type measures from '../../src/i18n/en/measures.json';
import type merge from '../../src/i18n/en/merge.json';
import type models from '../../src/i18n/en/models.json';
import type notices from '../../src/i18n/en/notices.json';
import type palette from '../../src/i18n/en/palette.json';
import type recipe from '../../src/i18n/en/recipe.json';
import type report from '../../src/i18n/en/report.json';
import type runs from '../../src/i18n/en/runs.json';
import type sweeps from '../../src/i18n/en/sweeps.json';
import type tokenizer from '../../src/i18n/en/tokenizer.json';

export type Language = 'en' | 'zh';

/** Both languages have the same keys: a unit test of the locales says so. */
export interface Words {
  attention: typeof attention;
  cluster: typeof cluster;
  common: typeof common;
  compare: typeof compare;
  corpus: typeof corpus;
  desk: typeof desk;
  diagnosis: typeof diagnosis;
  /** With those that stand with the texts of the pages that can have them. */
  errors: typeof errors & (typeof corpus)['errors'] & (typeof notices)['errors'];
  follow: typeof follow;
  internals: typeof internals;
  learn: typeof learn;
  measures: typeof measures;
  merge: typeof merge;
  models: typeof models;
  before: typeof before;
  palette: typeof palette;
  recipe: typeof recipe;
  report: typeof report;
  runs: typeof runs;
  sweeps: typeof sweeps;
  tokenizer: typeof tokenizer;
}

const read = (language: Language, name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../src/i18n/${language}/${name}.json`, import.meta.url), 'utf8'));

export function wordsOf(language: Language): Words {
  const names = [
    'attention',
    'cluster',
    'common',
    'compare',
    'corpus',
    'desk',
    'diagnosis',
    'errors',
    'follow',
    'internals',
    'learn',
    'measures',
    'merge',
    'models',
    'before',
    'palette',
    'recipe',
    'report',
    'runs',
    'sweeps',
    'tokenizer',
  ];
  const texts = Object.fromEntries(names.map((name) => [name, read(language, name)])) as unknown as Words;
  const { errors: ofImports } = read(language, 'notices') as typeof notices;
  const reason = { ...texts.errors.reason, ...texts.corpus.errors.reason, ...ofImports.reason };
  return { ...texts, errors: { ...texts.errors, ...texts.corpus.errors, ...ofImports, reason } };
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** A text with its values put in. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{\{(\w+)[^}]*\}\}/g, (_, name: string) => String(values[name] ?? ''));
}

/** A text with some values put in and the others open, for what only the studio knows (a date, a size). */
export function like(text: string, values: Readonly<Record<string, string | number>> = {}): RegExp {
  const parts = text.split(/(\{\{\w+[^}]*\}\})/);
  const pattern = parts.map((part) => {
    const name = /^\{\{(\w+)/.exec(part)?.[1];
    return name === undefined ? escaped(part) : name in values ? escaped(String(values[name])) : '.*?';
  });
  return new RegExp(pattern.join(''), 's');
}
