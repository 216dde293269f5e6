import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ProxyStatus } from '#contract/provider.ts';
import type { ErrorBody } from '#contract/result.ts';
import { client } from '../../lib/client.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { RouteRows } from './route-rows.tsx';
import { emptyRoute, type RouteDraft, routeOf, routeProblem, routesDraftOf } from './routes-draft.ts';

/** Names under which models are sold, and who answers for each. */
export function RoutesCard({ status }: { status: ProxyStatus }) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState<RouteDraft[] | null>(null);
  const [isTried, setTried] = useState(false);
  const [isSaved, setSaved] = useState(false);
  const [error, setError] = useState<ErrorBody | null>(null);
  const listId = useId();
  const stored = status.config.routes;
  const [storedDraft, setStoredDraft] = useState({ stored, draft: routesDraftOf(stored) });
  if (JSON.stringify(storedDraft.stored) !== JSON.stringify(stored))
    setStoredDraft({ stored, draft: routesDraftOf(stored) });
  const routes = draft ?? storedDraft.draft;
  const providers = status.providers.map(({ id }) => id);

  const change = (next: RouteDraft[]) => {
    setDraft(next);
    setSaved(false);
  };
  const save = async () => {
    setTried(true);
    if (routes.some((route) => routeProblem(route, routes) !== null)) return;
    const result = await client.request('providers.configure', { routes: routes.map(routeOf) });
    setError(result.ok ? null : result.error);
    setSaved(result.ok);
    if (!result.ok) return;
    setDraft(null);
    setTried(false);
  };
  return (
    <Card title={t('providers.routes.title')}>
      <p className="mb-3 max-w-prose text-sm text-dim">{t('providers.routes.text')}</p>
      <datalist id={listId}>
        {[...new Set(status.providers.flatMap(({ models }) => models?.map(({ id }) => id) ?? []))].map(
          (id) => (
            <option key={id} value={id} />
          ),
        )}
      </datalist>
      <div className="grid gap-3">
        {routes.map((route) => (
          <RouteRows
            key={route.key}
            route={route}
            providers={providers}
            modelListId={listId}
            problem={isTried ? routeProblem(route, routes) : null}
            onChange={(next) => change(routes.map((one) => (one.key === route.key ? next : one)))}
            onRemove={() => change(routes.filter(({ key }) => key !== route.key))}
          />
        ))}
      </div>
      {error && (
        <div className="mt-3">
          <ErrorNote error={error} />
        </div>
      )}
      <div className="mt-3 flex flex-wrap items-center gap-3">
        <Button className="me-auto" onClick={() => change([...routes, emptyRoute(providers[0] ?? '')])}>
          {t('providers.routes.add')}
        </Button>
        <p aria-live="polite" className="text-xs text-dim">
          {isSaved ? t('providers.saved') : ''}
        </p>
        <Button look="accent" disabled={draft === null} onClick={save}>
          {t('providers.save')}
        </Button>
      </div>
    </Card>
  );
}
