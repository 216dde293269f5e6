import { Slider } from '@base-ui/react/slider';

interface PoleSliderProps {
  label: string;
  /** 0 at the left pole, 100 at the right one. */
  value: number;
  step: number;
  largeStep: number;
  valueText(value: number): string;
  /** With each move, before it is let go. */
  onMove(value: number): void;
  /** When it is let go, or after a key; `byKey` says which. */
  onSettle(value: number, byKey: boolean): void;
}

/** A slider between two poles. The nearer the thumb stands to one, the more of it there is. */
export function PoleSlider(props: PoleSliderProps) {
  const { label, value, step, largeStep, valueText, onMove, onSettle } = props;
  return (
    <Slider.Root
      value={value}
      min={0}
      max={100}
      step={step}
      largeStep={largeStep}
      thumbAlignment="edge"
      onValueChange={(next) => onMove(next)}
      onValueCommitted={(next, { reason }) => onSettle(next, reason === 'keyboard')}
    >
      <Slider.Control className="flex h-7 w-full cursor-pointer touch-none items-center select-none">
        <Slider.Track className="h-2 w-full rounded-full bg-linear-to-r from-accent to-info">
          <Slider.Thumb
            getAriaLabel={() => label}
            getAriaValueText={(_text, now) => valueText(now)}
            className="size-5 rounded-full bg-white shadow-[0_0_0_1px_var(--dim),0_1px_3px_rgb(0_0_0/0.4)] has-focus-visible:outline-2 has-focus-visible:outline-offset-3 has-focus-visible:outline-accent"
          />
        </Slider.Track>
      </Slider.Control>
    </Slider.Root>
  );
}
