/** What a person chooses of a channel: its colour, and the language that its rows should have. */
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';

/** @param token of `COLOURS` */
export const colourOf = (token: string): string => `var(--channel-${token})`;

/** ISO 639-1. Their names are the browser's, in the page's language. */
const LANGUAGES = ['zh', 'en', 'ja', 'ko', 'de', 'es', 'fr', 'it', 'pt', 'nl', 'pl', 'ru', 'uk', 'tr', 'ar', 'hi', 'vi'] as const;
export const ANY = 'any';

/** @returns the name of a language, of source code, or of what could not be told */
export function useLanguageName(): (code: string) => string {
  const { t, i18n } = useTranslation('corpus');
  return useMemo(() => {
    const names = new Intl.DisplayNames([i18n.language], { type: 'language', fallback: 'code' });
    return (code) => (code === 'code' || code === 'und' || code === ANY ? t(`language.${code}`) : (names.of(code) ?? code));
  }, [t, i18n.language]);
}

export function useLanguageChoices(): { value: string; label: string }[] {
  const name = useLanguageName();
  return useMemo(() => [ANY, 'code', ...LANGUAGES].map((value) => ({ value, label: name(value) })), [name]);
}

/** A choice as a channel keeps it. */
export const languageOf = (choice: string): string | null => (choice === ANY ? null : choice);
