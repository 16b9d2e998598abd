/**
 * Documents of a plain text: cut where at least `separator.length` newlines follow one another (`\n\n`: a blank line parts
 * documents; `\n\n\n`: two do, as in source code). Newlines around a document are not part of it; blank ones are dropped.
 */
export function splitDocuments(text: string, separator: string): string[] {
  const cut = new RegExp(`\\n{${separator.length},}`);
  return text
    .replaceAll('\r\n', '\n')
    .split(cut)
    .map((document) => document.replace(/^\n+|\n+$/g, ''))
    .filter((document) => document.trim() !== '');
}
