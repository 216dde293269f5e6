import { FolderOpen } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ErrorBody } from '#contract/result.ts';
import { client } from '../../lib/client.ts';
import { Button } from '../../ui/button.tsx';
import { desktopBridge } from './desktop-bridge.ts';

interface AddModelProps {
  busy: boolean;
  /** Resolves to whether the model was added. */
  onAdd(path: string): Promise<boolean>;
  onError(error: ErrorBody): void;
}

/** Adds a model file: chosen or dropped on the desktop, by its path on a server. */
export function AddModel({ busy, onAdd, onError }: AddModelProps) {
  const { t } = useTranslation();
  const [path, setPath] = useState('');
  const id = useId();
  const pick = async () => {
    const picked = await client.request('shell.pickModelFile', {});
    if (!picked.ok) onError(picked.error);
    else if (picked.data !== null) await onAdd(picked.data);
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (path.trim() !== '' && (await onAdd(path.trim()))) setPath('');
  };
  return (
    <section className="rounded-[10px] border border-dashed border-line px-4 py-3.5">
      <h2 className="mb-2 text-xs font-medium text-dim">{t('models.add')}</h2>
      {desktopBridge() ? (
        <div className="flex flex-wrap items-center gap-3">
          <Button disabled={busy} onClick={pick}>
            <FolderOpen size={15} aria-hidden /> {t('models.choose')}
          </Button>
          <p className="text-sm text-dim">{t('models.dropHint')}</p>
        </div>
      ) : (
        <form onSubmit={submit} className="flex flex-wrap items-center gap-3">
          <label htmlFor={id} className="text-sm">
            {t('models.path')}
          </label>
          <input
            id={id}
            value={path}
            onChange={(event) => setPath(event.target.value)}
            placeholder="/models/llama-3.2-3b-Q4_K_M.gguf"
            spellCheck={false}
            className="h-9 min-w-60 flex-1 rounded-lg border border-line bg-ground px-3 font-mono text-xs placeholder:text-dim focus-visible:outline-2 focus-visible:outline-accent"
          />
          <Button type="submit" disabled={busy || path.trim() === ''}>
            {t('models.addPath')}
          </Button>
        </form>
      )}
    </section>
  );
}
