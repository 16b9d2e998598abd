import { expose, transferHandlers, wrap } from 'comlink';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crossErrors, StudioError } from './errors';

/** Node's ports speak the same protocol as a browser's. */
const { port1, port2 } = new MessageChannel();
const api = {
  typed: (): Promise<number> =>
    Promise.reject(new StudioError('channel-empty', 'Channel zh has 3 tokens', { channel: 'zh', tokens: 3, needed: 129 })),
  plain: (): Promise<number> => {
    throw new RangeError('out of range');
  },
  fine: (): Promise<number> => Promise.resolve(7),
};

beforeAll(() => {
  crossErrors(transferHandlers);
  crossErrors(transferHandlers);
  expose(api, port1);
});
afterAll(() => {
  port1.close();
  port2.close();
});

describe('crossErrors', () => {
  const remote = wrap<typeof api>(port2);

  it('keeps code, message and values of a StudioError', async () => {
    const error: unknown = await remote.typed().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StudioError);
    expect(error).toMatchObject({
      code: 'channel-empty',
      message: 'Channel zh has 3 tokens',
      values: { channel: 'zh', tokens: 3, needed: 129 },
    });
  });

  it('makes any other error an internal one with its message', async () => {
    await expect(remote.plain()).rejects.toMatchObject({ code: 'internal', values: { detail: 'out of range' } });
  });

  it('leaves results alone', async () => {
    await expect(remote.fine()).resolves.toBe(7);
  });
});
