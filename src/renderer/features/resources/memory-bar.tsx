import { useTranslation } from 'react-i18next';
import { formatBytes } from '../../lib/format.ts';
import type { MemoryParts } from './memory-parts.ts';

const owners = [
  { key: 'engineBytes', color: 'bg-accent' },
  { key: 'hostBytes', color: 'bg-info' },
  { key: 'othersBytes', color: 'bg-dim' },
  { key: 'freeBytes', color: 'bg-line' },
] as const;

/** Memory by owner; a part that takes nothing is left out of the legend. */
export function MemoryBar({ label, parts }: { label: string; parts: MemoryParts }) {
  const { t } = useTranslation();
  const shown = owners.filter(({ key }) => parts[key] > 0);
  return (
    <div>
      <div className="flex h-2.5 overflow-hidden rounded-full bg-line" role="img" aria-label={label}>
        {shown.map(({ key, color }) => (
          <span key={key} className={color} style={{ flexGrow: parts[key] }} />
        ))}
      </div>
      <ul className="mt-2 flex flex-wrap gap-x-3 gap-y-1 text-xs text-dim">
        {shown.map(({ key, color }) => (
          <li key={key} className="inline-flex items-center gap-1.5">
            <span className={`size-2 rounded-sm ${color}`} aria-hidden />
            {t(`resources.owners.${key}`)} <span className="text-text">{formatBytes(parts[key])}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
