import { FileText, FolderOpen } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { ErrorBody } from '#contract/result.ts';
import { client, isDesktop } from '../../lib/client.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { draftFor, isFolder, type SourceDraft, sourceKinds } from './source-draft.ts';

interface PathChoiceProps {
  draft: SourceDraft;
  onChange(draft: SourceDraft): void;
  onError(error: ErrorBody | null): void;
}

/** Which file or folder: from the system's dialog on the desktop, by its path everywhere. */
export function PathChoice({ draft, onChange, onError }: PathChoiceProps) {
  const { t } = useTranslation();
  const pick = async (kind: 'file' | 'folder', take: (path: string) => SourceDraft) => {
    const picked = await client.request('shell.pickPath', { kind });
    onError(picked.ok ? null : picked.error);
    if (picked.ok && picked.data !== null) onChange(take(picked.data));
  };
  return (
    <div className="grid gap-2">
      {isDesktop && (
        <div className="flex flex-wrap gap-2 pb-1">
          <Button onClick={() => pick('file', (path) => draftFor(path, false, draft))}>
            <FileText size={15} aria-hidden /> {t('training.data.pickFile')}
          </Button>
          <Button onClick={() => pick('folder', (path) => draftFor(path, true, draft))}>
            <FolderOpen size={15} aria-hidden /> {t('training.data.pickFolder')}
          </Button>
        </div>
      )}
      <SelectField
        label={t('training.data.kind')}
        hint={t(`training.data.kindHint.${draft.kind}`)}
        value={draft.kind}
        options={sourceKinds.map((value) => ({ value, title: t(`training.data.kinds.${value}`) }))}
        onChoose={(kind) => onChange({ ...draft, kind })}
      />
      <PathField
        label={t(
          draft.kind === 'idx'
            ? 'training.data.imagesPath'
            : isFolder(draft.kind)
              ? 'training.data.folderPath'
              : 'training.data.filePath',
        )}
        hint={t(isFolder(draft.kind) ? 'training.data.folderHint' : 'training.data.fileHint')}
        value={draft.path}
        onChange={(path) => onChange({ ...draft, path })}
      />
      {draft.kind === 'idx' && (
        <>
          <PathField
            label={t('training.data.labelsPath')}
            hint={t('training.data.labelsHint')}
            value={draft.labelsPath}
            onChange={(labelsPath) => onChange({ ...draft, labelsPath })}
          />
          {isDesktop && (
            <div className="flex">
              <Button size="small" onClick={() => pick('file', (labelsPath) => ({ ...draft, labelsPath }))}>
                {t('training.data.pickLabels')}
              </Button>
            </div>
          )}
        </>
      )}
    </div>
  );
}

interface PathFieldProps {
  label: string;
  hint?: string;
  value: string;
  onChange(path: string): void;
}

function PathField({ onChange, ...rest }: PathFieldProps) {
  return (
    <Field
      {...rest}
      autoComplete="off"
      spellCheck={false}
      maxLength={4096}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
