export interface Window {
  /** First token of the window, and how many it holds as input. */
  start: number;
  length: number;
  /** First token (index in the text) whose loss is taken from this window. */
  from: number;
}

/**
 * Windows over a text of `tokens` tokens. A text longer than the context is read in windows that advance by half a context, each
 * scored only where none before it was: every token is so predicted from at least half a context of text.
 */
export function slidingWindows(tokens: number, context: number): Window[] {
  const windows: Window[] = [];
  const stride = Math.max(1, Math.floor(context / 2));
  let scored = 1;
  for (let start = 0; scored < tokens; start += stride) {
    const length = Math.min(context, tokens - 1 - start);
    if (start + length < scored) continue;
    windows.push({ start, length, from: scored });
    scored = start + length + 1;
  }
  return windows;
}
