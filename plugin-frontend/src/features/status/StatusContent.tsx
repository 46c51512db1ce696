import { Entity, getCompoundEntityRef } from '@backstage/catalog-model';
import { entityRouteRef } from '@backstage/plugin-catalog-react';
import { Link } from '@backstage/ui';
import { GovernanceStatus } from '../../api';
import { SPEND_TAB_PATH } from '../../routes';
import { useWords, withoutWithheld } from '../../translations';
import { Findings } from '../../ui/Findings';
import { useNow } from '../../ui/useNow';
import { useOptionalRoute } from '../../ui/useOptionalRoute';
import { ActivitySection } from './ActivitySection';
import { BudgetSection } from './BudgetSection';
import styles from './GovernanceStatusCard.module.css';
import { IdentitySection } from './IdentitySection';
import { NoNumbers } from './NoNumbers';
import { Section, SECTIONS } from './sections';
import { WalletSection } from './WalletSection';

const COMPACT: readonly Section[] = ['findings', 'budget', 'identity'];

/**
 * A status from what matters first to what matters last: what is wrong, the money, who and what, the rest. Times of the
 * service are compared with its own clock, of which this browser's is `clockAheadMs` ahead.
 */
export function StatusContent({
  status,
  entity,
  clockAheadMs,
  compact = false,
  sections = compact ? COMPACT : SECTIONS,
}: {
  status: GovernanceStatus;
  entity: Entity;
  clockAheadMs: number;
  compact?: boolean;
  sections?: readonly Section[];
}) {
  const now = useNow() - clockAheadMs;
  const { findings, budget, wallet, activity, tightestLimit, links } = status;
  const shown = new Set(sections);
  return (
    <div className={styles.sections} data-compact={compact || undefined}>
      {shown.has('findings') && (
        <Findings findings={withoutWithheld(findings)} compact={compact} />
      )}
      {budget && shown.has('budget') && (
        <BudgetSection
          budget={budget}
          binds={tightestLimit === 'budget'}
          now={now}
        />
      )}
      {shown.has('identity') && <IdentitySection status={status} now={now} />}
      {wallet && shown.has('wallet') && (
        <WalletSection wallet={wallet} binds={tightestLimit === 'wallet'} />
      )}
      {activity && shown.has('activity') && (
        <ActivitySection
          activity={activity}
          console={links.console}
          now={now}
        />
      )}
      <NoNumbers status={status} sections={shown} />
      {budget && <SpendLink entity={entity} />}
    </div>
  );
}

/** The way to the tab with the spend by day, in an app that has the catalog's pages. */
function SpendLink({ entity }: { entity: Entity }) {
  const { t } = useWords();
  const routeTo = useOptionalRoute(entityRouteRef);
  if (!routeTo) return null;
  const { kind, namespace, name } = getCompoundEntityRef(entity);
  const page = routeTo({
    kind: kind.toLocaleLowerCase('en-US'),
    namespace: namespace.toLocaleLowerCase('en-US'),
    name,
  });
  return (
    <Link href={`${page}${SPEND_TAB_PATH}`} variant="body-small">
      {t('statusCard.spendLink')}
    </Link>
  );
}
