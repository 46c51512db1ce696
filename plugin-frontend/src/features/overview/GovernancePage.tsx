import { configApiRef, useApi } from '@backstage/core-plugin-api';
import {
  Alert,
  Container,
  Text,
  ToggleButton,
  ToggleButtonGroup,
} from '@backstage/ui';
import { ReactElement } from 'react';
import { Helmet } from 'react-helmet';
import { useSearchParams } from 'react-router-dom';
import { GovernedEntities, Scope } from '../../api/governedEntities';
import { ordered } from '../../domain/order';
import { useWords } from '../../translations';
import { Content } from '../../ui/Content';
import { FreshnessBar } from '../../ui/FreshnessBar';
import { useNow } from '../../ui/useNow';
import { ViewBar } from '../../ui/View';
import { Filters, ScopeSwitch } from './Filters';
import styles from './GovernancePage.module.css';
import { GovernanceTable } from './GovernanceTable';
import { NoEntities } from './NoEntities';
import { pageOf } from './pages';
import {
  inStates,
  matching,
  queryIn,
  TableQuery,
  withQuery,
} from './tableQuery';
import { TableSkeleton } from './TableSkeleton';
import { TotalLine } from './TotalLine';
import { useGovernedEntities } from './useGovernedEntities';

/** How often words about time are said again, in milliseconds; a row is not read by the second. */
const CLOCK_MS = 60_000;

/** How an app shows the page. */
export interface GovernancePageOptions {
  /** Whose entities are shown where the address does not say; the default is `owned`. */
  defaultScope?: Scope;
  /** The view "Coverage"; without it the page has entities alone. */
  coverage?: ReactElement;
}

const VIEWS = ['entities', 'coverage'] as const;
type View = (typeof VIEWS)[number];

/** Entities that claim a key, or what of the organisation's spend stands in none; the address says which. */
export function GovernancePage({
  defaultScope,
  coverage,
}: GovernancePageOptions) {
  const [parameters, setParameters] = useSearchParams();
  const view = VIEWS.find(it => it === parameters.get('view')) ?? 'entities';
  return (
    <Container className={styles.page}>
      <DocumentTitle />
      {coverage && (
        <ViewSwitch
          view={view}
          onChoose={it =>
            setParameters(now => withView(now, it), { replace: true })
          }
        />
      )}
      {coverage && view === 'coverage' ? (
        coverage
      ) : (
        <GovernedEntitiesView defaultScope={defaultScope} />
      )}
    </Container>
  );
}

/** The parameters with `view` in them, and the others as they were; the usual one is not written. */
function withView(parameters: URLSearchParams, view: View): URLSearchParams {
  const changed = new URLSearchParams(parameters);
  if (view === 'entities') changed.delete('view');
  else changed.set('view', view);
  return changed;
}

function ViewSwitch(props: { view: View; onChoose: (view: View) => void }) {
  const { view, onChoose } = props;
  const { t } = useWords();
  return (
    <ToggleButtonGroup
      aria-label={t('coverage.view.label')}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[view]}
      onSelectionChange={keys => {
        const chosen = VIEWS.find(it => keys.has(it));
        if (chosen) onChoose(chosen);
      }}
    >
      <ToggleButton id="entities">{t('coverage.view.entities')}</ToggleButton>
      <ToggleButton id="coverage">{t('coverage.title')}</ToggleButton>
    </ToggleButtonGroup>
  );
}

/**
 * The entities that claim a gateway key: the viewer's own, or all that they may see. Their statuses come in one request, so
 * that sorting and filtering are about all of them and not about the rows on screen.
 */
function GovernedEntitiesView({ defaultScope }: { defaultScope?: Scope }) {
  const [parameters, setParameters] = useSearchParams();
  const query = queryIn(parameters, defaultScope);
  const resource = useGovernedEntities(query.scope);
  const change = (changes: Partial<TableQuery>) =>
    setParameters(
      now =>
        withQuery(
          now,
          { ...queryIn(now, defaultScope), page: 1, ...changes },
          defaultScope,
        ),
      { replace: true },
    );
  const now = useNow(CLOCK_MS) - resource.clockAheadMs;
  const { value } = resource;
  const stale = value?.entities.some(it => it.status?.freshness.stale);
  return (
    <>
      <ViewBar
        choice={
          <ScopeSwitch
            scope={query.scope}
            onChange={scope => change({ scope })}
          />
        }
        tools={
          value && (
            <FreshnessBar
              resource={resource}
              stale={stale}
              asked={value.entities.length > 0}
            />
          )
        }
      />
      <Content
        resource={resource}
        skeleton={<TableSkeleton />}
        isEmpty={it => !it.entities.length}
        empty={
          <NoEntities
            scope={query.scope}
            onShowAll={() => change({ scope: 'all' })}
          />
        }
      >
        {it => (
          <Overview value={it} query={query} now={now} onChange={change} />
        )}
      </Content>
    </>
  );
}

/** Names the browser's tab, as Backstage's own pages do; the new frontend system does it for none. */
function DocumentTitle() {
  const { t } = useWords();
  const app = useApi(configApiRef).getOptionalString('app.title');
  const title = `${t('overview.title')} | ${app ?? 'Backstage'}`;
  // Without a template of its own the title would be put into that of an entity's page, which may go later than it came.
  return <Helmet title={title} titleTemplate="%s" />;
}

function Overview(props: {
  value: GovernedEntities;
  query: TableQuery;
  /** In milliseconds of the service's clock. */
  now: number;
  onChange: (changes: Partial<TableQuery>) => void;
}) {
  const { value, query, now, onChange } = props;
  const { t, count, locale } = useWords();
  const found = matching(value.entities, query.search);
  const rows = ordered(inStates(found, query.states), query.order, now, locale);
  return (
    <div className={styles.sections}>
      {value.truncated && (
        <Alert
          status="info"
          icon
          title={t('overview.truncated.title', {
            count: value.entities.length,
            number: count(value.entities.length),
          })}
          description={t('overview.truncated.description')}
        />
      )}
      <Filters query={query} found={found} onChange={onChange} />
      <TotalLine entities={rows} truncated={value.truncated} />
      {rows.length ? (
        <GovernanceTable
          page={pageOf(rows, query.page)}
          total={rows.length}
          order={query.order}
          now={now}
          onOrder={order => onChange({ order })}
          onPage={page => onChange({ page })}
        />
      ) : (
        <Text as="p" variant="body-medium" role="status">
          {t('overview.empty.filtered.title')}
        </Text>
      )}
    </div>
  );
}
