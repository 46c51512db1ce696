import { Alert, Skeleton, Text } from '@backstage/ui';
import { Coverage } from '../../api';
import { useWords } from '../../translations';
import { Legible } from '../../ui/CardFrame';
import { Content } from '../../ui/Content';
import { Fact, FactList } from '../../ui/FactList';
import { Findings } from '../../ui/Findings';
import { FreshnessBar } from '../../ui/FreshnessBar';
import { View } from '../../ui/View';
import styles from './CoverageContent.module.css';
import { CoverageLists, isAllClaimed } from './CoverageLists';
import { useCoverage } from './useCoverage';

/**
 * Which spend of the organisation entities claim, and what stands nowhere, each with what to do about it. It is for members
 * of the platform groups: the service refuses the others, who read here for whom it is.
 */
export function CoverageContent() {
  const { t } = useWords();
  const resource = useCoverage();
  const { value, error } = resource;
  const withheld = error?.kind === 'not-permitted';
  return (
    <View
      title={t('coverage.title')}
      tools={
        value &&
        !withheld && (
          <FreshnessBar resource={resource} stale={value.freshness.stale} />
        )
      }
    >
      {withheld ? (
        <div className={styles.withheld} data-withheld>
          <Text as="h2" variant="title-x-small">
            {t('coverage.withheld.title')}
          </Text>
          <Text as="p" variant="body-medium">
            {t('coverage.withheld.description')}
          </Text>
        </div>
      ) : (
        <Content resource={resource} skeleton={<CoverageSkeleton />}>
          {it => <CoverageReport coverage={it} />}
        </Content>
      )}
    </View>
  );
}

function CoverageReport({ coverage }: { coverage: Coverage }) {
  const { t } = useWords();
  return (
    <div className={styles.sections}>
      <Findings findings={coverage.findings ?? []} />
      <Sides coverage={coverage} />
      {isAllClaimed(coverage) && (
        <Alert status="success" icon title={t('coverage.allClaimed')} />
      )}
      <CoverageLists coverage={coverage} />
    </div>
  );
}

/** The share that is claimed, and the two sides of the total. */
function Sides({ coverage }: { coverage: Coverage }) {
  const words = useWords();
  const { t, count } = words;
  const { claimed, unclaimed, total, ratio, days, complete } = coverage;
  const certainty = { complete };
  const unknown = t('overview.nothingExplained');
  const money = (amount: typeof total) =>
    amount ? words.bound(words.money(amount), certainty) : unknown;
  // The service rounds the share: where something is left it is not all, however little that is.
  const left = Number(unclaimed?.amount) > 0;
  const share =
    typeof ratio === 'number'
      ? words.ratio(left ? Math.min(ratio, 0.9999) : ratio)
      : '';
  return (
    <div className={styles.facts}>
      <Legible>
        <FactList>
          <Fact
            label={t('coverage.share')}
            note={t('coverage.period', { count: days, number: count(days) })}
          >
            {share || (total ? t('coverage.nothingSpent') : unknown)}
          </Fact>
          <Fact label={t('coverage.claimed')}>{money(claimed)}</Fact>
          <Fact label={t('coverage.unclaimed')}>{money(unclaimed)}</Fact>
          <Fact label={t('coverage.total')}>{money(total)}</Fact>
        </FactList>
      </Legible>
    </div>
  );
}

/** In the shape of the sides and a list. */
const CoverageSkeleton = () => (
  <div className={styles.section}>
    <Skeleton height="6rem" width="100%" />
    {['first', 'second', 'third', 'fourth'].map(row => (
      <Skeleton key={row} height="3.25rem" width="100%" />
    ))}
  </div>
);
