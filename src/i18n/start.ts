/** The studio's languages: the chosen one, its texts, and the types of their keys. */
import 'i18next';
import type english from './en';
import i18next from 'i18next';
import { lazy, type ComponentType, type LazyExoticComponent } from 'react';
import { initReactI18next } from 'react-i18next';

type Locale = typeof english;
export type Namespace = keyof Locale;

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common';
    /** Errors that a page alone can have stand with its texts. */
    resources: Locale & { errors: Locale['corpus']['errors'] & Locale['notices']['errors'] & Locale['follow']['errors'] };
  }
}

/**
 * Languages of the studio. Of one language the texts of the open pages are loaded; the choice is stored, the browser's language is
 * the default. In development a missing key throws, so that none reaches a person.
 */
export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

const STORED = 'crossfade.language';
const files = import.meta.glob<Record<string, unknown>>('./{en,zh}/*.json', { import: 'default' });
/** Texts of every page, and those that a page has asked for since. */
const wanted = new Set<Namespace>(['common', 'errors']);

/** The stored choice, else the first of the browser's languages that the studio speaks, else English. */
export function preferredLanguage(stored: string | null, browser: readonly string[]): Language {
  const wanted = [stored, ...browser].map((tag) => tag?.toLowerCase().split('-')[0]);
  return wanted.flatMap((tag) => LANGUAGES.filter((language) => language === tag))[0] ?? 'en';
}

async function load(language: Language, namespaces: Iterable<Namespace>): Promise<void> {
  const missing = [...namespaces].filter((namespace) => !i18next.hasResourceBundle(language, namespace));
  const texts = await Promise.all(missing.map((namespace) => files[`./${language}/${namespace}.json`]!()));
  missing.forEach((namespace, at) => {
    i18next.addResourceBundle(language, namespace, texts[at]);
    const own = texts[at]!['errors'];
    if (own !== undefined) i18next.addResourceBundle(language, 'errors', own, true);
  });
}

/** Loads a page's own texts, in this language now and in another when it is chosen. Rejects when they cannot be fetched. */
async function loadTexts(namespaces: readonly Namespace[]): Promise<void> {
  for (const namespace of namespaces) wanted.add(namespace);
  await load(i18next.language === 'zh' ? 'zh' : 'en', namespaces);
}

/** A component in a chunk of its own that comes with the texts it shows. */
export function lazyWithTexts<Props>(
  texts: readonly Namespace[],
  load: () => Promise<{ default: ComponentType<Props> }>,
): LazyExoticComponent<ComponentType<Props>> {
  return lazy(async () => {
    const [module] = await Promise.all([load(), loadTexts(texts)]);
    return module;
  });
}

/** Where site data is blocked, the very property throws. */
function storedLanguage(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

/** To the browser: for its fonts and voices, and for the name and shortcuts of the studio that it installs. */
function announce(language: Language): void {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document
    .querySelector('link[rel=manifest]')
    ?.setAttribute('href', language === 'zh' ? './manifest.zh.webmanifest' : './manifest.webmanifest');
}

/** @param asked by the address: it holds for this visit */
export async function startI18n(asked: Language | null = null): Promise<void> {
  const language = asked ?? preferredLanguage(storedLanguage(), navigator.languages);
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
  await load(language, wanted);
  announce(language);
}

/** @param keep for the next visit too */
export async function changeLanguage(language: Language, keep = true): Promise<void> {
  await load(language, wanted);
  await i18next.changeLanguage(language);
  try {
    if (keep) localStorage.setItem(STORED, language);
  } catch {
    // The choice holds for this visit.
  }
  announce(language);
}
