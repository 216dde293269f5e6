import uPlot from 'uplot';
import { type ChartColor, themeColor } from './chart-colors.ts';

export interface ChartSeries {
  label: string;
  color: ChartColor;
  /** Null leaves a gap. */
  values: readonly (number | null)[];
}

/** A value drawn as a dashed line across the chart. */
export interface ChartLimit {
  label: string;
  color: ChartColor;
  value: number;
}

export interface PlotInput {
  /** Unix milliseconds, ascending; plain whole numbers where `counts` says so. */
  times: readonly number[];
  /** The horizontal axis counts (steps, versions) instead of telling the time. */
  counts?: boolean;
  series: readonly ChartSeries[];
  limits?: readonly ChartLimit[];
  kind: 'line' | 'bars';
  /** Each series stands upon those before it. */
  isStacked?: boolean;
  /** Name and unit of the vertical axis. */
  valueAxis: string;
  timeAxis: string;
  formatValue(value: number): string;
  /** Short text at a tick of the vertical axis; formatValue where it is absent. */
  formatTick?(value: number): string;
  /** Short text at a tick of the time axis. */
  formatTimeTick(atMs: number): string;
  /** Top of the vertical axis, such as a total; by the data where it is absent. */
  max?: number;
}

const font = '11px "Inter Variable", Inter, system-ui, sans-serif';

/** uPlot takes times in seconds. */
const unitOf = (counts: boolean | undefined) => (counts ? 1 : 1000);

export function plotData({
  times,
  series,
  counts,
  isStacked = false,
}: Pick<PlotInput, 'times' | 'series' | 'counts' | 'isStacked'>): uPlot.AlignedData {
  const unit = unitOf(counts);
  const values = isStacked ? stacked(series.map((one) => one.values)) : series.map((one) => [...one.values]);
  return [times.map((at) => at / unit), ...values];
}

/** Each series with all before it, the highest first: what is drawn later covers its lower part. */
export function stacked(series: readonly (readonly (number | null)[])[]): number[][] {
  let below: number[] = [];
  return series
    .map((values) => {
      below = values.map((value, index) => (below[index] ?? 0) + (value ?? 0));
      return below;
    })
    .reverse();
}

/** Whole steps between the ticks of an axis that counts. */
const wholeSteps = Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((n) => n * 10 ** power)).flat();

/** Options of uPlot for an input that may change later; colours are those of the theme now. */
export function plotOptions(
  input: () => PlotInput,
  width: number,
  height: number,
  onHover: (index: number | null) => void,
): uPlot.Options {
  const { series, kind, valueAxis, timeAxis, counts = false, isStacked = false } = input();
  const drawn = isStacked ? [...series].reverse() : series;
  const unit = unitOf(counts);
  const dim = themeColor('dim');
  const line = themeColor('line');
  const axis = (label: string) => ({
    label,
    labelFont: font,
    font,
    stroke: dim,
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
  });
  return {
    width,
    height,
    legend: { show: false },
    padding: [8, 8, 0, 0],
    cursor: { drag: { x: false, y: false }, y: false, points: { show: kind === 'line' } },
    scales: {
      x: { time: !counts, range: (_plot, min, max) => timeRange(input(), min, max) },
      y: { range: (_plot, _min, max) => [0, topOf(input(), max)] },
    },
    axes: [
      {
        ...axis(timeAxis),
        grid: { show: false },
        labelSize: 18,
        size: 26,
        ...(counts ? { incrs: wholeSteps } : {}),
        values: (_plot, ticks) => ticks.map((tick) => input().formatTimeTick(tick * unit)),
      },
      {
        ...axis(valueAxis),
        labelSize: 20,
        size: 58,
        values: (_plot, ticks) => ticks.map((tick) => (input().formatTick ?? input().formatValue)(tick)),
      },
    ],
    series: [{}, ...drawn.map((one) => seriesOptions(themeColor(one.color), kind, isStacked))],
    hooks: {
      setCursor: [(plot) => onHover(plot.cursor.idx ?? null)],
      draw: [(plot) => drawLimits(plot, input().limits ?? [])],
    },
  };
}

/** Half a bar stays free on both sides, so that the first and the last are whole. */
function timeRange({ kind, times }: PlotInput, min: number | null, max: number | null): [number, number] {
  if (min == null || max == null) return [0, 1];
  const [first, second] = times;
  if (kind === 'line') return min === max ? [min - 1, max + 1] : [min, max];
  const half = first !== undefined && second !== undefined ? (second - first) / 2000 : 1800;
  return [min - half, max + half];
}

/** The given top, or room above the data; a limit is always in sight. */
function topOf({ max, limits = [] }: PlotInput, highest: number | null): number {
  return Math.max(
    max ?? roomAbove(highest),
    ...limits.map(({ value }) => value * (max === undefined ? 1.05 : 1)),
  );
}

function drawLimits(plot: uPlot, limits: readonly ChartLimit[]): void {
  const { ctx, bbox } = plot;
  for (const { value, color } of limits) {
    const y = Math.round(plot.valToPos(value, 'y', true));
    ctx.save();
    ctx.strokeStyle = themeColor(color);
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }
}

const roomAbove = (max: number | null) => (max && max > 0 ? max * 1.15 : 1);

function seriesOptions(color: string, kind: PlotInput['kind'], isStacked: boolean): uPlot.Series {
  // A bar that stands before a higher one must not let it through.
  const share = isStacked ? 100 : kind === 'bars' ? 75 : 14;
  const faint = `color-mix(in srgb, ${color} ${share}%, transparent)`;
  const common: uPlot.Series = {
    stroke: color,
    fill: faint,
    width: kind === 'bars' ? 0 : 2,
    points: { show: false },
  };
  return kind === 'bars' && uPlot.paths.bars
    ? { ...common, paths: uPlot.paths.bars({ size: [0.7, 48], radius: 0.2 }) }
    : common;
}
