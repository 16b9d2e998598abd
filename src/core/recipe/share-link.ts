/** A recipe as a piece of an address: deflated JSON in base64url. */
import { deflateSync, inflateSync, strFromU8, strToU8 } from 'fflate';
import { StudioError, UNREADABLE_LINK } from '../errors';
import { parseRecipe } from './parse';
import type { Recipe } from './schema';

/** Both browsers and Node have these; core is compiled without either's types. */
declare function btoa(binary: string): string;
declare function atob(base64: string): string;

const LIMIT = 64 * 1024;

export function encodeRecipe(recipe: Recipe): string {
  const bytes = deflateSync(strToU8(JSON.stringify(recipe)), { level: 9 });
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** @throws StudioError `recipe-invalid` when the text is no recipe */
export function decodeRecipe(text: string): Recipe {
  let json: unknown;
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    // A fixed buffer: an address cannot make the page inflate more than this.
    json = JSON.parse(strFromU8(inflateSync(bytes, { out: new Uint8Array(LIMIT) })).replace(/\0+$/, ''));
  } catch {
    throw new StudioError('recipe-invalid', 'The address holds no readable recipe', {
      field: 'recipe',
      value: text.length > 40 ? `${text.slice(0, 40)}…` : text,
      accepted: UNREADABLE_LINK,
    });
  }
  return parseRecipe(json);
}
