import { ButtonIcon, Text, Tooltip, TooltipTrigger } from '@backstage/ui';
import { RiCheckLine, RiRefreshLine } from '@remixicon/react';
import { formatAge } from '../../format';
import { Resource, useNow } from '../../hooks';
import { Translate, useTranslation } from '../../translation';
import { StateBadge } from '../StateBadge';
import styles from './FreshnessBar.module.css';

/** How old the shown facts are, whether they are out of date, and the button that asks anew. */
export function FreshnessBar({
  resource,
  stale,
}: {
  resource: Resource<unknown>;
  stale?: boolean;
}) {
  const { t } = useTranslation();
  const now = useNow();
  return (
    <div className={styles.bar}>
      <div className={styles.age}>
        {stale && (
          <StateBadge small tone="attention" label={t('freshness.stale')} />
        )}
        <Text variant="body-small" color="secondary">
          {ageText(t, resource, now)}
        </Text>
      </div>
      <RefreshButton resource={resource} />
    </div>
  );
}

/**
 * Disabled while a request runs and a few seconds after a refresh, but never out of the keyboard's reach: a button that
 * takes the focus away from whoever has just pressed it makes them start again from the top of the page.
 */
function RefreshButton({ resource }: { resource: Resource<unknown> }) {
  const { t } = useTranslation();
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
          resting ? <RiCheckLine aria-hidden /> : <RiRefreshLine aria-hidden />
        }
        onPress={resource.refresh}
      />
      <Tooltip>{label}</Tooltip>
    </TooltipTrigger>
  );
}

function ageText(
  t: Translate,
  { value, observedAt, busy }: Resource<unknown>,
  now: number,
): string {
  if (busy) return t('freshness.updating');
  if (observedAt !== undefined)
    return t('freshness.updated', { age: formatAge(t, now - observedAt) });
  return value === undefined ? '' : t('freshness.never');
}
