/** A recipe as a piece of an address: deflated JSON in base64url. */
import { deflateSync, inflateSync, strFromU8, strToU8 } from 'fflate';
import { StudioError, UNREADABLE_LINK } from '../errors';
import { parseRecipe } from './parse';
import type { Recipe } from './schema';

/** Both browsers and Node have these; core is compiled without either's types. */
declare function btoa(binary: string): string;
declare function atob(base64: string): string;

const LIMIT = 64 * 1024;

export function toBase64Url(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** Throws where the text is no base64url. */
export function fromBase64Url(text: string): Uint8Array {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

export function encodeRecipe(recipe: Recipe): string {
  return toBase64Url(deflateSync(strToU8(JSON.stringify(recipe)), { level: 9 }));
}

/** @throws StudioError `recipe-invalid` when the text is no recipe */
export function decodeRecipe(text: string): Recipe {
  let json: unknown;
  try {
    // A fixed buffer: an address cannot make the page inflate more than this.
    json = JSON.parse(strFromU8(inflateSync(fromBase64Url(text), { out: new Uint8Array(LIMIT) })).replace(/\0+$/, ''));
  } catch {
    throw new StudioError('recipe-invalid', 'The address holds no readable recipe', {
      field: 'recipe',
      value: text.length > 40 ? `${text.slice(0, 40)}…` : text,
      accepted: UNREADABLE_LINK,
    });
  }
  return parseRecipe(json);
}
