/** One thread of the CPU path: it instantiates the kernels on the shared heap and serves jobs until the team is closed. */
import { instantiate, Job } from './team';
import type { ThreadStart } from './team';

self.onmessage = async ({ data }: MessageEvent<ThreadStart>) => {
  const kernels = await instantiate(data.module, data.memory);
  self.postMessage('ready');
  new Job(data.job).serve(kernels, data.thread);
  self.close();
};
