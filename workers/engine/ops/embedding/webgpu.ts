import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebgpuEngine } from '../../webgpu/engine';
import { registerWebgpuKernel } from '../registry';
import { eachElement, unitFor } from '../../webgpu/layout';
import { kernels } from '../kernels';
import type { EmbeddingGradAttributes } from '.';

export function registerWebgpu(engine: WebgpuEngine): void {
  registerWebgpuKernel<{ table: TensorInfo; ids: TensorInfo }>(kernels.Embedding, ({ table, ids }) => {
    const width = table.shape[1]!;
    const tokens = ids.shape[0]!;
    const y = engine.activation([tokens, width]);
    const unit = unitFor(width);
    const count = (tokens * width) / unit.width;
    engine.run({
      kernel: kernels.Embedding,
      reads: { table, ids },
      writes: { y },
      vectors: unit.width === 4 ? ['table', 'y'] : [],
      integers: { count, units: width / unit.width },
      workgroupSize: eachElement.workgroupSize,
      groups: eachElement.groups(count),
      body: () => `${eachElement.begin}
  y[index] = table[u32(ids[index / params.units]) * params.units + index % params.units];`,
    });
    return y;
  });

  registerWebgpuKernel<{ dy: TensorInfo; ids: TensorInfo }, EmbeddingGradAttributes>(
    kernels.EmbeddingGrad,
    ({ dy, ids }, { vocabulary }) => {
      const [tokens, width] = dy.shape as [number, number];
      const dtable = engine.output([vocabulary, width]);
      // The places of an id form a list in ascending order: first[id], then next[place]. Counted from 1, 0 ends it.
      const first = engine.output([vocabulary], 'int32');
      const next = engine.output([tokens], 'int32');
      engine.clear(first);
      engine.run({
        kernel: `${kernels.EmbeddingGrad} lists`,
        reads: { ids },
        writes: { first, next },
        integers: { count: tokens },
        workgroupSize: eachElement.workgroupSize,
        groups: eachElement.groups(tokens),
        body: () => `${eachElement.begin}
  let id = ids[index];
  var later = index + 1u;
  while (later < params.count && ids[later] != id) { later++; }
  next[index] = select(0, i32(later) + 1, later < params.count);
  var earlier = index;
  while (earlier > 0u && ids[earlier - 1u] != id) { earlier--; }
  if (earlier == 0u) { first[id] = i32(index) + 1; }`,
      });
      const unit = unitFor(width);
      const count = (vocabulary * width) / unit.width;
      engine.run({
        kernel: `${kernels.EmbeddingGrad} sums`,
        reads: { dy, first, next },
        writes: { dtable },
        vectors: unit.width === 4 ? ['dy', 'dtable'] : [],
        integers: { count, units: width / unit.width },
        workgroupSize: eachElement.workgroupSize,
        groups: eachElement.groups(count),
        body: () => `${eachElement.begin}
  var sum = ${unit.type}();
  var place = first[index / params.units];
  while (place > 0) {
    sum += dy[u32(place - 1) * params.units + index % params.units];
    place = next[place - 1];
  }
  dtable[index] = sum;`,
      });
      engine.release(first, next);
      return dtable;
    },
  );
}
