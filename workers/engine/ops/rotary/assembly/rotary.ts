/** Rotary position embedding, half-split pairing. A chunk is a block of rows. */

/** `sign` is 1, or −1 for the rotation by −angle. x [rows, heads·size], cos and sin [context, turning]; the rest of a head is copied. */
export function rotary(
  x: usize, cos: usize, sin: usize, y: usize, rows: i32, context: i32, heads: i32, size: i32, turning: i32, sign: f32,
  blockRows: i32, chunk: i32, scratch: usize,
): void {
  const end = min((chunk + 1) * blockRows, rows);
  const half = turning >> 1;
  const rest = <usize>(size - turning) << 2;
  const across = <usize>half << 2;
  const signs = f32x4.splat(sign);
  for (let row = chunk * blockRows; row < end; row++) {
    const angle = (<usize>(row % context) * turning) << 2;
    for (let head = 0; head < heads; head++) {
      const offset = (<usize>(row * heads + head) * size) << 2;
      let i = 0;
      for (; i + 4 <= half; i += 4) {
        const at = <usize>i << 2;
        const c = cos + angle + at;
        const s = sin + angle + at;
        const first = v128.load(x + offset + at);
        const second = v128.load(x + offset + at + across);
        const s1 = f32x4.mul(v128.load(s), signs);
        const s2 = f32x4.mul(v128.load(s + across), signs);
        v128.store(y + offset + at, f32x4.sub(f32x4.mul(first, v128.load(c)), f32x4.mul(second, s1)));
        v128.store(y + offset + at + across, f32x4.add(f32x4.mul(second, v128.load(c + across)), f32x4.mul(first, s2)));
      }
      for (; i < half; i++) {
        const at = <usize>i << 2;
        const c = cos + angle + at;
        const s = sin + angle + at;
        const first = load<f32>(x + offset + at);
        const second = load<f32>(x + offset + at + across);
        store<f32>(y + offset + at, first * load<f32>(c) - second * load<f32>(s) * sign);
        store<f32>(y + offset + at + across, second * load<f32>(c + across) + first * load<f32>(s + across) * sign);
      }
      if (rest) memory.copy(y + offset + 2 * across, x + offset + 2 * across, rest);
    }
  }
}
