import { Text } from '@backstage/ui';
import { GovernedEntity } from '../../api/governedEntities';
import { totalOf } from '../../domain/total';
import { useWords } from '../../translations';
import styles from './GovernancePage.module.css';

/** What the entities of the table have spent today, together; nothing where no amount is known. */
export function TotalLine({
  entities,
  truncated,
}: {
  entities: readonly GovernedEntity[];
  /** There are more entities than these. */
  truncated: boolean;
}) {
  const words = useWords();
  const { t, count } = words;
  const total = totalOf(entities);
  if (!total) return null;
  const notes = [
    t('overview.total.note', {
      count: total.entities,
      number: count(total.entities),
    }),
    total.unknown > 0 &&
      t('overview.total.unknown', {
        count: total.unknown,
        number: count(total.unknown),
      }),
  ].filter(it => it !== false);
  return (
    <dl className={styles.total}>
      <dt>{t('overview.total.label')}</dt>
      <dd>
        <strong className={styles.totalSum}>
          {words.bound(words.money(total.spent), {
            ...total,
            complete: total.complete && !truncated,
          })}
        </strong>{' '}
        <Text as="span" variant="body-small" color="secondary">
          {words.list(notes)}
        </Text>
      </dd>
    </dl>
  );
}
