/**
 * Finds any of many strings in a text: the leftmost, and of those that begin there the longest, then on from its end. One walk through a
 * trie from each place where some string begins, so that the time hardly depends on how many strings there are.
 */
import { PieceTrie } from './unigram';

export class TokenFinder {
  private readonly trie = new PieceTrie();
  /** Units by which some string begins. */
  private readonly first = new Uint8Array(0x10000);

  /** @param strings none of them empty; of equal ones the last counts */
  constructor(strings: readonly string[]) {
    strings.forEach((string, at) => {
      this.trie.add(string, at);
      this.first[string.charCodeAt(0)] = 1;
    });
  }

  /** Calls with each occurrence in order: the string's number among those given, and where it begins and ends. */
  each(text: string, found: (string: number, start: number, end: number) => void): void {
    const { trie, first } = this;
    for (let start = 0; start < text.length;) {
      if (first[text.charCodeAt(start)] === 0) {
        start++;
        continue;
      }
      let longest = -1;
      let end = start + 1;
      let node = 0;
      for (let at = start; at < text.length;) {
        node = trie.child(node, text.charCodeAt(at++));
        if (node === 0) break;
        const string = trie.idAt(node);
        if (string < 0) continue;
        longest = string;
        end = at;
      }
      if (longest >= 0) found(longest, start, end);
      start = end;
    }
  }
}
