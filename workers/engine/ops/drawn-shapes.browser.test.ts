/** The ops at shapes that a property test draws, on every backend as the studio opens it. Fixed cases: op-cases.ts. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../backend';
import { closeWasmKernels } from '../wasm';
import {
  attentionCase,
  crossEntropyCase,
  dropoutCase,
  embeddingCase,
  geluCase,
  headNormCase,
  layerNormCase,
  linearCase,
  normCase,
  quantisedLinearCase,
  rotaryCase,
  swigluCase,
} from '../../../e2e/parity/case-builders';
import { checkCase } from '../../../e2e/parity/op-cases';
import type { OpCase } from '../../../e2e/parity/op-cases';

/** max|a − b| / max|b|: more than for the fixed cases, since a drawn one may cancel. */
const tolerances = { cpu: 2e-5, wasm: 2e-5, webgpu: 1e-4 } as const;

/** On a software adapter almost every drawn shape is another kernel to compile. */
const runs = { cpu: 12, wasm: 12, webgpu: 6 } as const;

const count = (max: number, min = 1) => fc.integer({ min, max });
/** Documents of drawn lengths, one after another. */
const documentsOf = (rows: number) =>
  fc.array(fc.boolean(), { minLength: rows, maxLength: rows }).map((starts) => {
    let document = 0;
    return starts.map((begins) => (document += Number(begins)));
  });

const drawn: Record<string, fc.Arbitrary<OpCase>> = {
  embedding: fc.tuple(count(40), count(20), count(30)).map((shape) => embeddingCase(...shape)),
  // In fewer than four columns the gradient of a norm's x is what remains of numbers that cancel.
  'rms norm': fc.tuple(count(20), count(40, 4)).map((shape) => normCase(...shape)),
  'head norm': fc.tuple(count(9), count(4), count(20, 4)).map((shape) => headNormCase(...shape)),
  'layer norm': fc.tuple(count(20), count(40, 4)).map((shape) => layerNormCase(...shape)),
  linear: fc
    .tuple(count(20), count(40), count(40), fc.boolean(), fc.boolean())
    .map(([rows, inner, outer, bias, residual]) => linearCase(rows, inner, outer, { bias, residual })),
  'quantised linear': fc
    .tuple(fc.constantFrom('nf4' as const, 'int8' as const), count(20), count(40), count(40), fc.boolean(), fc.boolean())
    .map(([format, rows, inner, outer, bias, residual]) => quantisedLinearCase(format, rows, inner, outer, { bias, residual })),
  rotary: fc
    .tuple(count(3), count(9), count(3), count(9), count(9, 0))
    .map(([batch, context, heads, half, rest]) => rotaryCase(batch, context, heads, 2 * half + rest, 2 * half)),
  attention: fc
    .tuple(count(2), count(24), count(2), count(3), count(12))
    .chain(([batch, context, kvHeads, group, size]) =>
      fc
        .tuple(fc.option(count(30), { nil: 0 }), fc.option(documentsOf(batch * context), { nil: undefined }))
        .map(([window, documents]) =>
          attentionCase({ batch, context, heads: kvHeads * group, kvHeads, size, window, ...(documents ? { documents } : {}) }),
        ),
    ),
  swiglu: fc.tuple(count(9), count(40)).map((shape) => swigluCase(...shape)),
  gelu: fc.tuple(count(9), count(40), fc.constantFrom('exact', 'tanh')).map((shape) => geluCase(...shape)),
  'cross-entropy': fc.tuple(count(20), count(20), count(60, 2), count(5)).map((shape) => crossEntropyCase(...shape)),
  dropout: fc.tuple(count(9), count(40), count(2 ** 32 - 1, 0)).map(([rows, width, offset]) => dropoutCase(rows, width, 0.3, offset)),
};

describe.each(['cpu', 'wasm', 'webgpu'] as const)('drawn shapes on %s', (backend) => {
  beforeAll(async () => {
    await openBackend({ backend, threads: 2, requireHardware: false });
  });
  afterAll(closeWasmKernels);

  it.each(Object.entries(drawn))('%s', (_, cases) =>
    fc.assert(
      fc.asyncProperty(cases, async (opCase) => {
        const errors = await checkCase(opCase);
        const tolerance = tolerances[backend];
        expect(errors.forward, `${opCase.name}: forward`).toBeLessThan(tolerance);
        for (const [input, error] of Object.entries(errors.gradients)) expect(error, `${opCase.name}: ${input}`).toBeLessThan(tolerance);
      }),
      { numRuns: runs[backend], seed: 20261122 },
    ),
  );
});
