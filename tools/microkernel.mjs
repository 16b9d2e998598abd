// @ts-check
/**
 * The source of the innermost matrix product, written out by a program because AssemblyScript has no unrolling: an 8×8 tile of C
 * in 16 vector registers, from 8 rows of A and a packed panel of 8 columns of B, four steps of the inner dimension at a time.
 * Every element of C is summed over k in order, whatever the tile, so neither the partition nor the number of threads can be seen
 * in a result. tools/build-kernels.mjs writes the text to workers/engine/wasm/build/assembly/microkernel.ts, which
 * ops/linear/assembly/product.ts imports.
 */

/** Rows of a tile; its columns are two vectors of four floats. */
const ROWS = [0, 1, 2, 3, 4, 5, 6, 7];
/** Steps of k in one round of the main loop. */
const UNROLL = 4;

/** @param {(string | string[])[]} lines @param {number} depth levels of indentation */
const indented = (lines, depth) =>
  lines
    .flat()
    .map((line) => '  '.repeat(depth) + line)
    .join('\n');

/** @param {string} address @param {number} bytes after it */
const at = (address, bytes) => (bytes === 0 ? address : `${address}, ${bytes}`);

/** C[row, 0..8] += A[row, k] · B[k, 0..8]. @param {number} row @param {string} element address of A[row, k] */
const multiplyRow = (row, element) => [
  `x = v128.load32_splat(${element});`,
  `c${row}0 = madd(x, b0, c${row}0);`,
  `c${row}1 = madd(x, b1, c${row}1);`,
];

/** Row k + step of the panel of B, as two vectors. @param {number} step */
const loadPanelRow = (step) => [`b0 = v128.load(${at('b', 32 * step)});`, `b1 = v128.load(${at('b', 32 * step + 16)});`];

const zeroTile = ROWS.flatMap((row) => [0, 1].map((half) => `let c${row}${half} = f32x4.splat(0);`));

/** Each row of the tile by `place`, going down a row of C between two. @param {(row: number) => string[]} place */
const placeRows = (place) => ROWS.flatMap((row) => [...(row === 0 ? [] : ['c += row;']), ...place(row)]);

const storeTile = `
  const row = <usize>ldc << 2;
  if (accumulate) {
${indented(
  placeRows((row) => [`addTo(c, c${row}0, c${row}1);`]),
  2,
)}
  } else {
${indented(
  placeRows((row) => [`v128.store(c, c${row}0);`, `v128.store(c, c${row}1, 16);`]),
  2,
)}
  }
}
`;

/**
 * The loops over k: rounds of UNROLL steps, then one step at a time.
 * @param {string[]} round products of a round, and the pointers moved on by it
 * @param {string[]} single products of one step, and the pointers moved on by it
 */
const loops = (round, single) => `
${indented([zeroTile, 'let b0: v128, b1: v128, x: v128;', 'let k = 0;'], 1)}
  for (; k + ${UNROLL} <= depth; k += ${UNROLL}) {
${indented(round, 2)}
  }
  for (; k < depth; k++) {
${indented([loadPanelRow(0), single], 2)}
  }`;

const steps = Array.from({ length: UNROLL }, (_, step) => step);

/** A in rows: each has a pointer of its own, and its elements follow one another. */
const rowProduct = loops(
  [
    ...steps.flatMap((step) => [...loadPanelRow(step), ...ROWS.flatMap((row) => multiplyRow(row, at(`a${row}`, 4 * step)))]),
    `b += ${32 * UNROLL};`,
    ...ROWS.map((row) => `a${row} += ${4 * UNROLL};`),
  ],
  [...ROWS.flatMap((row) => multiplyRow(row, `a${row}`)), 'b += 32;', ...ROWS.map((row) => `a${row} += 4;`)],
);

/** A transposed: the eight elements of a step lie side by side. */
const columnStep = ROWS.flatMap((row) => multiplyRow(row, at('a', 4 * row)));
const columnProduct = loops(
  [...steps.flatMap((step) => [...loadPanelRow(step), ...columnStep, 'a += stride;']), `b += ${32 * UNROLL};`],
  [...columnStep, 'a += stride;', 'b += 32;'],
);

export const microkernel = `// Written by tools/microkernel.mjs.
import { madd } from '../../assembly/simd';

@inline
function addTo(c: usize, left: v128, right: v128): void {
  v128.store(c, f32x4.add(v128.load(c), left));
  v128.store(c, f32x4.add(v128.load(c, 16), right), 16);
}

/**
 * C [8,8] = A·B or C += A·B, A in rows of \`lda\` floats of which \`rows\` (1 to 8) exist; the others repeat the first and their
 * results are meaningless. B is a packed panel [depth,8], C has rows of \`ldc\` floats.
 */
export function microRows(depth: i32, a: usize, lda: i32, rows: i32, b: usize, c: usize, ldc: i32, accumulate: bool): void {
  const stride = <usize>lda << 2;
${indented(
  ROWS.map((row) => (row === 0 ? 'let a0 = a;' : `let a${row} = rows > ${row} ? a + ${row === 1 ? '' : `${row} * `}stride : a;`)),
  1,
)}${rowProduct}${storeTile}
/** As microRows, with A transposed: element (m, k) stands at k·lda + m. All 8 of a row are read. */
export function microColumns(depth: i32, a: usize, lda: i32, b: usize, c: usize, ldc: i32, accumulate: bool): void {
  const stride = <usize>lda << 2;${columnProduct}${storeTile}`;
