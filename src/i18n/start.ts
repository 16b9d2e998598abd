/**
 * Languages of the studio. One language's texts are loaded at a time; the choice is stored, the browser's language is the
 * default. In development a missing key throws, so that none reaches a person.
 */
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type {} from './keys';

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

const STORED = 'crossfade.language';
const locales = { en: () => import('./en'), zh: () => import('./zh') };

/** The stored choice, else the first of the browser's languages that the studio speaks, else English. */
export function preferredLanguage(stored: string | null, browser: readonly string[]): Language {
  const wanted = [stored, ...browser].map((tag) => tag?.toLowerCase().split('-')[0]);
  return wanted.flatMap((tag) => LANGUAGES.filter((language) => language === tag))[0] ?? 'en';
}

async function load(language: Language): Promise<void> {
  if (i18next.hasResourceBundle(language, 'common')) return;
  const { default: texts } = await locales[language]();
  for (const [namespace, bundle] of Object.entries(texts)) i18next.addResourceBundle(language, namespace, bundle);
}

export async function startI18n(): Promise<void> {
  const language = preferredLanguage(localStorage.getItem(STORED), navigator.languages);
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: {},
    defaultNS: 'common',
    interpolation: { escapeValue: false },
    returnNull: false,
    parseMissingKeyHandler: (key) => {
      if (import.meta.env.DEV) throw new Error(`No text for the key "${key}"`);
      return key;
    },
  });
  await load(language);
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
}

export async function changeLanguage(language: Language): Promise<void> {
  await load(language);
  await i18next.changeLanguage(language);
  localStorage.setItem(STORED, language);
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
}
