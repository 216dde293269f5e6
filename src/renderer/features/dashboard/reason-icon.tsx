import {
  AppWindow,
  BatteryMedium,
  CalendarClock,
  CircleAlert,
  CirclePause,
  Cpu,
  Gauge,
  HardDrive,
  type LucideIcon,
  Maximize,
  MousePointer2,
  Plug,
  Radio,
  Thermometer,
  WifiOff,
} from 'lucide-react';
import type { PauseCode } from '#contract/node-status.ts';

const icons: Record<PauseCode, LucideIcon> = {
  operator: CirclePause,
  'user-active': MousePointer2,
  schedule: CalendarClock,
  'network-schedule': CalendarClock,
  'on-battery': BatteryMedium,
  'exclusive-app': AppWindow,
  'full-screen': Maximize,
  temperature: Thermometer,
  'others-gpu': Gauge,
  'others-cpu': Cpu,
  'metered-network': WifiOff,
  'network-cap': Gauge,
  'power-price': Plug,
  'lost-jobs': CircleAlert,
  'disk-low': HardDrive,
  gateway: Radio,
};

export function ReasonIcon({ code, className }: { code: PauseCode; className: string }) {
  const Icon = icons[code];
  return <Icon size={16} aria-hidden className={className} />;
}
