import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { type ChartColor, swatches, watchTheme } from './chart-colors.ts';
import { type PlotInput, plotData, plotOptions } from './chart-plot.ts';

interface ChartProps extends PlotInput {
  /** What the chart shows, for those who do not see it. */
  label: string;
  formatTime(atMs: number): string;
  heightPx?: number;
}

/** One chart with labelled axes; the line above it reads the values under the pointer, or the latest ones. */
export function Chart({ label, formatTime, heightPx = 200, ...input }: ChartProps) {
  const [hovered, setHovered] = useState<number | null>(null);
  const [theme, setTheme] = useState(0);
  useEffect(() => watchTheme(() => setTheme((count) => count + 1)), []);
  const { times, series, limits = [], formatValue } = input;
  const at = hovered !== null && hovered < times.length ? hovered : times.length - 1;
  const time = times[at];
  const shape = [
    ...series.map((one) => `${one.label}:${one.color}`),
    ...limits.map((one) => `${one.label}:${one.value}`),
  ].join('|');
  return (
    <figure className="min-w-0">
      <figcaption className="mb-2 flex flex-wrap gap-x-4 gap-y-1 text-xs text-dim">
        {series.map((one) => (
          <Reading key={one.label} color={one.color} label={one.label}>
            {formatReading(one.values[at], formatValue)}
          </Reading>
        ))}
        {limits.map(({ label: name, color, value }) => (
          <span key={name} className="inline-flex items-center gap-1.5">
            <span
              className={`h-0 w-3 border-t-2 border-dashed ${color === 'bad' ? 'border-bad' : color === 'warn' ? 'border-warn' : 'border-dim'}`}
              aria-hidden
            />
            {name} <span className="text-text">{formatValue(value)}</span>
          </span>
        ))}
        {time !== undefined && <span className="ms-auto">{formatTime(time)}</span>}
      </figcaption>
      <div role="img" aria-label={label}>
        <Plot
          key={`${shape} ${input.kind} ${input.counts} ${input.valueAxis} ${heightPx} ${theme}`}
          input={input}
          heightPx={heightPx}
          onHover={setHovered}
        />
      </div>
    </figure>
  );
}

const formatReading = (value: number | null | undefined, format: (value: number) => string) =>
  value == null ? '–' : format(value);

function Reading({ color, label, children }: { color: ChartColor; label: string; children: string }) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <span className={`size-2 rounded-sm ${swatches[color]}`} aria-hidden />
      {label} <span className="text-text">{children}</span>
    </span>
  );
}

interface PlotProps {
  input: PlotInput;
  heightPx: number;
  onHover(index: number | null): void;
}

/** Its key changes with everything that uPlot cannot change later; data and width follow as they come. */
function Plot({ input, heightPx, onHover }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(input);
  const { times, series, counts, isStacked = false } = input;

  useEffect(() => {
    latest.current = input;
  });

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const options = plotOptions(() => latest.current, element.clientWidth, heightPx, onHover);
    const chart = new uPlot(options, plotData(latest.current), element);
    plot.current = chart;
    // Text on a canvas is not drawn anew by itself when its font comes.
    void document.fonts.ready.then(() => plot.current === chart && chart.redraw(false, true));
    const size = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: heightPx }));
    size.observe(element);
    return () => {
      size.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [heightPx, onHover]);

  useEffect(() => {
    plot.current?.setData(plotData({ times, series, counts, isStacked }));
  }, [times, series, counts, isStacked]);

  return <div ref={box} style={{ height: heightPx }} />;
}
