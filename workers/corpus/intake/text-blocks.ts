/** A text file as decoded pieces, cut anywhere but inside a character. */
import type { ByteSource } from './byte-source';
import type { FilePlan } from './row-batch';
import { TextStream } from './text-encoding';

export async function* textBlocks(
  source: ByteSource,
  plan: Pick<FilePlan, 'encoding' | 'encodingChosen'>,
): AsyncGenerator<{ text: string; done: number; undecodable: number }> {
  const stream = new TextStream(plan.encoding ?? 'utf-8', plan.encodingChosen);
  let done = 0;
  let before = 0;
  for await (const chunk of source.read(0)) {
    done += chunk.length;
    const text = stream.decode(chunk, false);
    yield { text, done, undecodable: stream.undecodable - before };
    before = stream.undecodable;
  }
  const text = stream.decode(new Uint8Array(0), true);
  if (text !== '') yield { text, done, undecodable: stream.undecodable - before };
}
