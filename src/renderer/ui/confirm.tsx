import { AlertDialog } from '@base-ui/react/alert-dialog';
import type { ReactElement } from 'react';
import { Button } from './button.tsx';

interface ConfirmProps {
  /** The button that asks. */
  trigger: ReactElement;
  title: string;
  text: string;
  confirm: string;
  keep: string;
  onConfirm(): void;
}

/** Asks once more before something that cannot be undone. */
export function Confirm({ trigger, title, text, confirm, keep, onConfirm }: ConfirmProps) {
  return (
    <AlertDialog.Root>
      <AlertDialog.Trigger render={trigger} />
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="fixed inset-0 z-50 bg-black/40" />
        <AlertDialog.Popup className="fixed top-1/2 left-1/2 z-50 w-96 max-w-[calc(100vw-3rem)] -translate-x-1/2 -translate-y-1/2 rounded-[10px] border border-line bg-panel p-5 text-text shadow-2xl outline-none">
          <AlertDialog.Title className="font-semibold">{title}</AlertDialog.Title>
          <AlertDialog.Description className="mt-1 text-sm text-dim">{text}</AlertDialog.Description>
          <div className="mt-4 flex justify-end gap-2">
            <AlertDialog.Close render={<Button>{keep}</Button>} />
            <AlertDialog.Close
              render={
                <Button look="accent" onClick={onConfirm}>
                  {confirm}
                </Button>
              }
            />
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
