interface Cluster {
  /** Indexes of its labels, in their order on the line. */
  labels: number[];
  centre: number;
}

/** Moves labels on a line just so far that none lies on another, nor beyond the end; their order stays. */
export function apart(places: readonly number[], height: number, end = Infinity): number[] {
  const clusterOf = (labels: number[]): Cluster => {
    const mean = labels.reduce((sum, label) => sum + places[label]!, 0) / labels.length;
    return { labels, centre: Math.min(mean, end - ((labels.length - 1) * height) / 2) };
  };
  const meet = (above: Cluster, below: Cluster) => below.centre - above.centre < ((above.labels.length + below.labels.length) * height) / 2;
  const clusters: Cluster[] = [];
  for (const label of places.map((_, at) => at).sort((one, other) => places[one]! - places[other]!)) {
    let cluster = clusterOf([label]);
    for (let above = clusters.at(-1); above && meet(above, cluster); above = clusters.at(-1)) {
      clusters.pop();
      cluster = clusterOf([...above.labels, ...cluster.labels]);
    }
    clusters.push(cluster);
  }
  const moved = [...places];
  for (const { labels, centre } of clusters)
    labels.forEach((label, at) => (moved[label] = centre + (at - (labels.length - 1) / 2) * height));
  return moved;
}
