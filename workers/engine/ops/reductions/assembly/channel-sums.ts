/** sums [2,count]: Σ nll per channel, then numbers of tokens. One chunk: a batch has few tokens. */
export function channelSums(nll: usize, channels: usize, sums: usize, tokens: i32, count: i32, chunk: i32, scratch: usize): void {
  for (let channel = 0; channel < count; channel++) {
    let sum: f64 = 0;
    let members = 0;
    for (let token = 0; token < tokens; token++) {
      if (load<i32>(channels + (<usize>token << 2)) != channel) continue;
      sum += <f64>load<f32>(nll + (<usize>token << 2));
      members++;
    }
    store<f32>(sums + (<usize>channel << 2), <f32>sum);
    store<f32>(sums + (<usize>(count + channel) << 2), <f32>members);
  }
}
