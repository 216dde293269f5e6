import { ArrowDown, ArrowUp, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { emptyTarget, moved, type RouteDraft, type RouteProblem, type TargetDraft } from './routes-draft.ts';

interface RouteRowsProps {
  route: RouteDraft;
  providers: readonly string[];
  modelListId: string;
  problem: RouteProblem | null;
  onChange(route: RouteDraft): void;
  onRemove(): void;
}

/** A route: its name, and a row for each who can answer, in their order. */
export function RouteRows({ route, providers, modelListId, problem, onChange, onRemove }: RouteRowsProps) {
  const { t } = useTranslation();
  const { name, targets } = route;
  const put = (next: TargetDraft[]) => onChange({ ...route, targets: next });
  return (
    <fieldset aria-label={t('providers.routes.one', { name })} className="rounded-lg border border-line p-3">
      <div className="flex items-center gap-2">
        <div className="min-w-0 flex-1">
          <Field
            label={t('providers.routes.name')}
            hideLabel
            placeholder={t('providers.routes.namePlaceholder')}
            autoComplete="off"
            spellCheck={false}
            aria-invalid={problem === 'name' || problem === 'twice' ? true : undefined}
            value={name}
            onChange={(event) => onChange({ ...route, name: event.target.value })}
          />
        </div>
        <Button size="small" aria-label={t('providers.routes.removeName', { name })} onClick={onRemove}>
          {t('providers.routes.remove')}
        </Button>
      </div>
      <ol className="mt-2 grid gap-2">
        {targets.map((target, index) => (
          <TargetRow
            key={target.key}
            target={target}
            place={index + 1}
            last={targets.length}
            providers={providers}
            modelListId={modelListId}
            onChange={(part) => put(targets.with(index, { ...target, ...part }))}
            onMove={(by) => put(moved(targets, index, by))}
            onRemove={() => put(targets.filter(({ key }) => key !== target.key))}
          />
        ))}
      </ol>
      <div className="mt-2 flex flex-wrap items-center gap-3">
        <Button size="small" onClick={() => put([...targets, emptyTarget(providers[0] ?? '')])}>
          {t('providers.routes.addTarget')}
        </Button>
        <p role="status" className="text-xs text-bad">
          {problem && t(`providers.routes.problem.${problem}`)}
        </p>
      </div>
    </fieldset>
  );
}

interface TargetRowProps {
  target: TargetDraft;
  place: number;
  last: number;
  providers: readonly string[];
  modelListId: string;
  onChange(part: Partial<TargetDraft>): void;
  onMove(by: -1 | 1): void;
  onRemove(): void;
}

function TargetRow(props: TargetRowProps) {
  const { target, place, last, providers, onChange, onMove } = props;
  const { t } = useTranslation();
  // A provider that is gone stays to be seen until another is chosen.
  const choices = providers.includes(target.provider) ? providers : [...providers, target.provider];
  return (
    <li className="grid grid-cols-[1rem_minmax(0,1fr)_minmax(0,1.4fr)_6.5rem_auto] items-center gap-2 max-[899px]:grid-cols-[1rem_minmax(0,1fr)_minmax(0,1.4fr)]">
      <span className="text-xs text-dim">{place}</span>
      <SelectField
        label={t('providers.routes.provider', { place })}
        hideLabel
        value={target.provider}
        options={choices.map((id) => ({ value: id, title: id }))}
        onChoose={(provider) => onChange({ provider })}
      />
      <Field
        label={t('providers.routes.model', { place })}
        hideLabel
        list={props.modelListId}
        placeholder={t('providers.routes.modelPlaceholder')}
        autoComplete="off"
        spellCheck={false}
        value={target.model}
        onChange={(event) => onChange({ model: event.target.value })}
      />
      <div className="max-[899px]:col-start-2">
        <Field
          label={t('providers.routes.weight', { place })}
          hideLabel
          inputMode="numeric"
          unit={t('providers.routes.weightUnit')}
          value={target.weight}
          onChange={(event) => onChange({ weight: event.target.value })}
        />
      </div>
      <div className="flex justify-end gap-1">
        <Button
          size="small"
          className="px-1.5"
          aria-label={t('providers.routes.up', { place })}
          disabled={place === 1}
          onClick={() => onMove(-1)}
        >
          <ArrowUp size={14} aria-hidden />
        </Button>
        <Button
          size="small"
          className="px-1.5"
          aria-label={t('providers.routes.down', { place })}
          disabled={place === last}
          onClick={() => onMove(1)}
        >
          <ArrowDown size={14} aria-hidden />
        </Button>
        <Button
          size="small"
          className="px-1.5"
          aria-label={t('providers.routes.removeTarget', { place })}
          onClick={props.onRemove}
        >
          <X size={14} aria-hidden />
        </Button>
      </div>
    </li>
  );
}
