import { expect, it } from 'vitest';
import { locateTurns, messagesIn, movedTurns, readTurns, writeTurns } from './row';

const messages = [
  { role: 'user', content: 'user' },
  { role: 'assistant', content: 'What of the user? 好' },
];
const text = 'user: user\nassistant: What of the user? 好';

it('finds the words of each message, not the roles before them, and gives the messages back', () => {
  const turns = locateTurns(text, messages)!;
  expect(turns).toEqual([
    { role: 'user', start: 6, end: 10 },
    { role: 'assistant', start: 22, end: 41 },
  ]);
  expect(messagesIn(text, turns)).toEqual(messages);
  expect(readTurns(writeTurns(turns))).toEqual(turns);
  expect(locateTurns('user: other', messages)).toBeUndefined();
  expect(locateTurns(text, [])).toBeUndefined();
});

it('moves turns with what is done to the text, and drops them where words are gone', () => {
  const turns = locateTurns(text, messages)!;
  const upper = (content: string) => content.toUpperCase();
  expect(messagesIn(upper(text), movedTurns(turns, text, upper(text), upper)!)).toEqual([
    { role: 'user', content: 'USER' },
    { role: 'assistant', content: 'WHAT OF THE USER? 好' },
  ]);
  expect(movedTurns(turns, text, text.slice(0, -5), (content) => content)).toBeUndefined();
  expect(movedTurns(undefined, text, text, upper)).toBeUndefined();
});
