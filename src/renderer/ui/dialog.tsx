import { Dialog as BaseDialog } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';

interface DialogProps {
  title: string;
  closeLabel: string;
  onClose(): void;
  children: ReactNode;
}

/** A question that takes several steps, over the page. Escape or the cross closes it; a click beside it does not. */
export function Dialog({ title, closeLabel, onClose, children }: DialogProps) {
  return (
    <BaseDialog.Root open disablePointerDismissal onOpenChange={(next) => !next && onClose()}>
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className="fixed inset-0 z-40 bg-black/40" />
        <BaseDialog.Popup className="fixed top-1/2 left-1/2 z-50 max-h-[calc(100vh-3rem)] w-[30rem] max-w-[calc(100vw-3rem)] -translate-x-1/2 -translate-y-1/2 overflow-y-auto rounded-[10px] border border-line bg-panel p-5 text-text shadow-2xl outline-none">
          <div className="mb-3 flex items-start gap-3">
            <BaseDialog.Title className="me-auto text-base font-semibold">{title}</BaseDialog.Title>
            <BaseDialog.Close
              aria-label={closeLabel}
              className="-mt-1 -me-1 cursor-pointer rounded-lg p-1.5 text-dim hover:bg-panel-2 hover:text-text focus-visible:outline-2 focus-visible:outline-accent"
            >
              <X size={18} aria-hidden />
            </BaseDialog.Close>
          </div>
          {children}
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  );
}
