/** Where the bars stand inside a histogram, in pixels; shared by recharts and by the buttons that lie over it. */
export const FRAME = { left: 40, right: 6, top: 6, height: 132, axisHeight: 24 } as const;
