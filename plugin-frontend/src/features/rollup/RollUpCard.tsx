import {
  getCompoundEntityRef,
  stringifyEntityRef,
} from '@backstage/catalog-model';
import { entityRouteRef, useEntity } from '@backstage/plugin-catalog-react';
import { Link, Skeleton } from '@backstage/ui';
import { RollUp } from '../../api';
import { ROLL_UP_TAB_PATH } from '../../routes';
import { useWords, withoutWithheld } from '../../translations';
import { CardFrame } from '../../ui/CardFrame';
import { Content } from '../../ui/Content';
import { Findings } from '../../ui/Findings';
import { FreshnessBar } from '../../ui/FreshnessBar';
import { useNow } from '../../ui/useNow';
import { useOptionalRoute } from '../../ui/useOptionalRoute';
import { MonthSummary } from '../month/MonthSummary';
import { Attention } from './Attention';
import { NoAi, usesNoAi } from './NoAi';
import { monthOf, Notes } from './Notes';
import styles from './RollUp.module.css';
import { StateCounts } from './StateCounts';
import { useRollUp } from './useRollUp';

/** How often words about time are said again, in milliseconds. */
const CLOCK_MS = 60_000;

/** In days; the tab begins with the same period, so that both are one request. */
const PERIOD = 30;

/** As many as fit the card; the tab has the others. */
const MOST_SHOWN = 3;

/** The members of a group, a system or a domain at a glance: their states, the month, and who needs attention. */
export function RollUpCard() {
  const { t } = useWords();
  const { entity } = useEntity();
  const resource = useRollUp(stringifyEntityRef(entity), PERIOD);
  const now = useNow(CLOCK_MS) - resource.clockAheadMs;
  const rollUp = resource.value;
  return (
    <CardFrame
      title={t('rollUp.title')}
      footer={
        rollUp && (
          <FreshnessBar resource={resource} stale={rollUp.freshness.stale} />
        )
      }
    >
      <Content
        resource={resource}
        skeleton={<RollUpCardSkeleton />}
        isEmpty={usesNoAi}
        empty={rollUp && <NoAi rollUp={rollUp} />}
      >
        {it => <Summary rollUp={it} now={now} />}
      </Content>
    </CardFrame>
  );
}

function Summary({ rollUp, now }: { rollUp: RollUp; now: number }) {
  const month = monthOf(rollUp);
  const { members, states, findings = [] } = rollUp;
  return (
    <div className={styles.sections}>
      <StateCounts states={states} />
      <Findings findings={withoutWithheld(findings)} compact />
      {month && <MonthSummary month={month} />}
      <Notes rollUp={rollUp} />
      <Attention members={members} most={MOST_SHOWN} now={now} />
      <TabLink />
    </div>
  );
}

/** The way to the tab with the spend by member, in an app that has the catalog's pages. */
function TabLink() {
  const { t } = useWords();
  const { entity } = useEntity();
  const routeTo = useOptionalRoute(entityRouteRef);
  if (!routeTo) return null;
  const { kind, namespace, name } = getCompoundEntityRef(entity);
  const page = routeTo({
    kind: kind.toLocaleLowerCase('en-US'),
    namespace: namespace.toLocaleLowerCase('en-US'),
    name,
  });
  return (
    <Link href={`${page}${ROLL_UP_TAB_PATH}`} variant="body-small">
      {t('rollUp.open')}
    </Link>
  );
}

/** In the shape of a summary. */
const RollUpCardSkeleton = () => (
  <div className={styles.sections}>
    <Skeleton height="1.5rem" width="80%" />
    <Skeleton height="4rem" width="100%" />
    <Skeleton height="3rem" width="100%" />
  </div>
);
