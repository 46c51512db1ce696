import { useAnalytics } from '@backstage/core-plugin-api';
import { ButtonIcon, Text, Tooltip, TooltipTrigger } from '@backstage/ui';
import { RiCheckboxCircleLine, RiRefreshLine } from '@remixicon/react';
import { useWords, Words } from '../translations';
import styles from './FreshnessBar.module.css';
import { StateBadge } from './StateBadge';
import { useNow } from './useNow';
import { Resource } from './useResource';

/** How old the shown facts are, whether they are out of date, and the button that asks again. */
export function FreshnessBar({
  resource,
  stale,
  asked = true,
}: {
  resource: Resource<unknown>;
  stale?: boolean;
  /** False: the answer did not need Keeptrusts, so it has no age. */
  asked?: boolean;
}) {
  const words = useWords();
  const now = useNow();
  return (
    <div className={styles.bar}>
      <div className={styles.age}>
        {stale && (
          <StateBadge
            small
            tone="attention"
            label={words.t('freshness.stale')}
          />
        )}
        <Text variant="body-small" color="secondary">
          {(asked || resource.busy) && ageText(words, resource, now)}
        </Text>
      </div>
      <RefreshButton resource={resource} />
    </div>
  );
}

/**
 * Disabled while a request runs and a few seconds after a refresh, but never out of the keyboard's reach: a button that
 * takes the focus away when it is pressed sends keyboard users back to the top of the page.
 */
function RefreshButton({ resource }: { resource: Resource<unknown> }) {
  const { t } = useWords();
  const analytics = useAnalytics();
  const resting = !resource.refreshable && !resource.busy;
  const label = resting ? t('freshness.refreshPaused') : t('freshness.refresh');
  return (
    <TooltipTrigger>
      <ButtonIcon
        size="small"
        variant="tertiary"
        aria-label={label}
        aria-disabled={resource.refreshable ? undefined : true}
        isPending={resource.busy}
        icon={
          resting ? (
            <RiCheckboxCircleLine aria-hidden />
          ) : (
            <RiRefreshLine aria-hidden />
          )
        }
        onPress={() => {
          if (resource.refreshable) analytics.captureEvent('refresh', 'button');
          resource.refresh();
        }}
      />
      <Tooltip>{label}</Tooltip>
    </TooltipTrigger>
  );
}

function ageText(
  { t, age }: Words,
  { value, observedAt, busy }: Resource<unknown>,
  now: number,
): string {
  if (busy) return t('freshness.updating');
  if (observedAt !== undefined)
    return t('freshness.updated', { age: age(now - observedAt) });
  return value === undefined ? '' : t('freshness.never');
}
