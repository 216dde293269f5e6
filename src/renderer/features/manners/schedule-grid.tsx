import { type KeyboardEvent, memo, type PointerEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Week } from '#contract/manners.ts';
import { useNow } from '../../lib/use-now.ts';
import { type Cell, cellAfter, cellAt, halfHours, isAllowed, isWithin, painted } from './schedule-week.ts';
import { cellText, dayName, slotTime } from './schedule-words.ts';

const days = [0, 1, 2, 3, 4, 5, 6];
const slots = Array.from({ length: halfHours }, (_, slot) => slot);
const marksEvery = 6;

export type Layer = 'compute' | 'network';
const fills = { compute: 'bg-accent', network: 'bg-info' } as const;

interface ScheduleGridProps {
  label: string;
  layer: Layer;
  week: Week;
  /** The other layer, as a thin line; null where it is always. */
  other: Week | null;
  onChange(week: Week): void;
}

interface Stroke {
  from: Cell;
  to: Cell;
  allow: boolean;
}

/** A week of half hours. It is painted by dragging, or with the keys: arrows go, Shift+arrows extend, Space paints. */
export function ScheduleGrid({ label, layer, week, other, onChange }: ScheduleGridProps) {
  const { t } = useTranslation();
  const now = useNow(15_000);
  const present = cellAt(now);
  const body = useRef<HTMLTableSectionElement>(null);
  const [active, setActive] = useState<Cell>(present);
  const [anchor, setAnchor] = useState<Cell | null>(null);
  const [stroke, setStroke] = useState<Stroke | null>(null);
  const wantsFocus = useRef(false);
  const shown = stroke ? painted(week, stroke.from, stroke.to, stroke.allow) : week;

  useEffect(() => {
    if (!wantsFocus.current) return;
    wantsFocus.current = false;
    cellElement(body.current, active)?.focus({ preventScroll: true });
  });

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      setAnchor(null);
      setStroke(null);
      return;
    }
    if (event.key === ' ' || event.key === 'Enter') {
      event.preventDefault();
      const from = anchor ?? active;
      onChange(painted(week, from, active, !isAllowed(week, from)));
      setAnchor(null);
      return;
    }
    const next = event.ctrlKey || event.metaKey || event.altKey ? null : cellAfter(active, event.key);
    if (!next) return;
    event.preventDefault();
    setAnchor(event.shiftKey ? (anchor ?? active) : null);
    setActive(next);
    wantsFocus.current = true;
  };
  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const cell = cellOf(event.target);
    if (!cell) return;
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
    setAnchor(null);
    setActive(cell);
    wantsFocus.current = true;
    setStroke({ from: cell, to: cell, allow: !isAllowed(week, cell) });
  };
  const onPointerMove = (event: PointerEvent) => {
    const cell = stroke && cellOf(document.elementFromPoint(event.clientX, event.clientY));
    if (!cell || (cell.day === stroke.to.day && cell.slot === stroke.to.slot)) return;
    setStroke({ ...stroke, to: cell });
    setActive(cell);
    wantsFocus.current = true;
  };
  const onPointerUp = () => {
    if (stroke) onChange(shown);
    setStroke(null);
  };
  const marked = stroke ?? (anchor && { from: anchor, to: active });
  return (
    <>
      <table
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a grid is a table that one moves through.
        role="grid"
        aria-label={label}
        aria-multiselectable
        aria-describedby="schedule-keys"
        className="w-full table-fixed border-separate border-spacing-0 select-none"
      >
        <thead>
          <tr className="text-[11px] text-dim">
            <td className="w-11" />
            {slots
              .filter((slot) => slot % marksEvery === 0)
              .map((slot) => (
                <th key={slot} scope="col" colSpan={marksEvery} className="pb-1 text-start font-normal">
                  {slotTime(slot)}
                </th>
              ))}
          </tr>
        </thead>
        <tbody
          ref={body}
          className="cursor-crosshair"
          onKeyDown={onKeyDown}
          onPointerDown={onPointerDown}
          onPointerMove={onPointerMove}
          onPointerUp={onPointerUp}
          onPointerCancel={() => setStroke(null)}
        >
          {days.map((day) => (
            <tr key={day}>
              <th scope="row" className="text-start text-xs font-normal text-dim">
                <abbr title={dayName(day, t)} className="no-underline">
                  {t(`manners.dayShort.${day}`)}
                </abbr>
              </th>
              {slots.map((slot) => {
                const cell = { day, slot };
                const isActive = active.day === day && active.slot === slot;
                return (
                  <HalfHour
                    key={slot}
                    day={day}
                    slot={slot}
                    layer={layer}
                    text={cellText(shown, cell, t)}
                    isOn={isAllowed(shown, cell)}
                    otherIsOn={other === null ? null : isAllowed(other, cell)}
                    isActive={isActive}
                    isMarked={marked ? isWithin(cell, marked.from, marked.to) : false}
                    nowShare={
                      present.day === day && present.slot === slot ? (now % 1_800_000) / 1_800_000 : null
                    }
                  />
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <p aria-live="polite" className="sr-only">
        {anchor && anchor !== active
          ? t('manners.marked', {
              firstDay: dayName(Math.min(anchor.day, active.day), t),
              lastDay: dayName(Math.max(anchor.day, active.day), t),
              from: slotTime(Math.min(anchor.slot, active.slot)),
              to: slotTime(Math.max(anchor.slot, active.slot) + 1),
            })
          : ''}
      </p>
    </>
  );
}

interface HalfHourProps extends Cell {
  layer: Layer;
  text: string;
  isOn: boolean;
  otherIsOn: boolean | null;
  isActive: boolean;
  isMarked: boolean;
  /** How much of it has passed, where it is the present one. */
  nowShare: number | null;
}

/** Drawn anew only when something of it has changed. */
const HalfHour = memo(function HalfHour(props: HalfHourProps) {
  const { day, slot, layer, text, isOn, otherIsOn, isActive, isMarked, nowShare } = props;
  const edge =
    slot % marksEvery === 0 ? 'border-s-dim/60' : slot % 2 === 0 ? 'border-s-panel' : 'border-s-panel/40';
  return (
    <td
      // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a cell of a grid takes the focus.
      role="gridcell"
      data-cell={`${day} ${slot}`}
      aria-label={text}
      aria-selected={isOn}
      tabIndex={isActive ? 0 : -1}
      className={`relative h-7 touch-none border-y border-s border-y-panel bg-clip-padding p-0 outline-none focus-visible:z-10 focus-visible:ring-2 focus-visible:ring-text ${edge} ${isOn ? fills[layer] : 'bg-line'}`}
    >
      {isMarked && <span aria-hidden className="absolute inset-0 bg-text/35" />}
      {otherIsOn && (
        <span
          aria-hidden
          className={`absolute inset-x-0 bottom-0 h-[3px] ${fills[layer === 'compute' ? 'network' : 'compute']}`}
        />
      )}
      {nowShare !== null && (
        <span
          aria-hidden
          className="absolute inset-y-0 z-10 w-0.5 bg-text"
          style={{ insetInlineStart: `${nowShare * 100}%` }}
        />
      )}
    </td>
  );
});

function cellOf(target: EventTarget | null): Cell | null {
  const element = target instanceof Element ? target.closest<HTMLElement>('[data-cell]') : null;
  const [day, slot] = element?.dataset.cell?.split(' ').map(Number) ?? [];
  return day === undefined || slot === undefined ? null : { day, slot };
}

const cellElement = (body: HTMLElement | null, { day, slot }: Cell) =>
  body?.querySelector<HTMLElement>(`[data-cell="${day} ${slot}"]`);
