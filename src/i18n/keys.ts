/** Types every key of `useTranslation` from the English locales. */
import 'i18next';
import type english from './en';

export type Locale = typeof english;
export type Namespace = keyof Locale;

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common';
    resources: Locale;
  }
}
