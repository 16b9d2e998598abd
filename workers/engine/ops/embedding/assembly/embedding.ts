/** Row gather, and its gradient as a scatter that adds in the order of the tokens. */

/** y[n] = table[ids[n]]; an id outside the table gives NaN, so that the loss shows it. A chunk is a block of tokens. */
export function embedding(table: usize, ids: usize, y: usize, tokens: i32, vocabulary: i32, width: i32, block: i32, chunk: i32, scratch: usize): void {
  const end = min((chunk + 1) * block, tokens);
  const bytes = <usize>width << 2;
  for (let token = chunk * block; token < end; token++) {
    const id = load<u32>(ids + (<usize>token << 2));
    const to = y + <usize>token * bytes;
    if (id < <u32>vocabulary) memory.copy(to, table + <usize>id * bytes, bytes);
    else memory.fill(to, 0xff, bytes);
  }
}

/** A chunk owns a block of table rows: it clears them and adds the gradients of its tokens, first token first. */
export function embeddingGrad(dy: usize, ids: usize, dtable: usize, tokens: i32, vocabulary: i32, width: i32, block: i32, chunk: i32, scratch: usize): void {
  const first = chunk * block;
  const end = min(first + block, vocabulary);
  const bytes = <usize>width << 2;
  memory.fill(dtable + <usize>first * bytes, 0, <usize>(end - first) * bytes);
  for (let token = 0; token < tokens; token++) {
    const id = load<i32>(ids + (<usize>token << 2));
    if (id < first || id >= end) continue;
    const from = dy + <usize>token * bytes;
    const to = dtable + <usize>id * bytes;
    let i = 0;
    for (; i + 4 <= width; i += 4) {
      const at = <usize>i << 2;
      v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(from + at)));
    }
    for (; i < width; i++) {
      const at = <usize>i << 2;
      store<f32>(to + at, load<f32>(to + at) + load<f32>(from + at));
    }
  }
}
