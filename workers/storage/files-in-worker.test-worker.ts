/** The worker of storage.browser.test.ts: the same files by sync access handles, which only workers have. */
import { FileStore } from './files';

async function answer(): Promise<unknown> {
  const files = new FileStore();
  await files.write('in-worker/w.bin', new Uint8Array(9));
  await files.write('in-worker/w.bin', Uint8Array.of(1, 2, 3));
  await files.append('in-worker/log', 'one\n');
  await files.append('in-worker/log', 'two\n');
  const written = Array.from(await files.read('in-worker/w.bin'));
  const log = await files.readText('in-worker/log');
  await files.truncate('in-worker/log', 4);
  const cut = await files.readText('in-worker/log');
  const names = (await files.list('in-worker')).map(({ name }) => name);
  await files.remove('in-worker');
  return { written, log, cut, names };
}

answer().then(
  (message) => self.postMessage(message),
  (error: unknown) => self.postMessage(String(error)),
);
