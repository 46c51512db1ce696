import { Text } from '@backstage/ui';
import { RollUp, RollUpMember } from '../../api';
import { stateRank } from '../../domain/order';
import { useWords } from '../../translations';
import { EntityName } from '../overview/EntityName';
import styles from './RollUp.module.css';
import { entityOf, MemberState } from './member';

/** The members that have a finding, the worst first; one that uses no AI needs no attention. */
export const pressing = (
  members: readonly RollUpMember[],
): readonly RollUpMember[] =>
  members
    .filter(({ state }) => state !== 'ok' && state !== 'unconfigured')
    .sort((one, other) => stateRank(one.state) - stateRank(other.state));

/** Who needs attention: the `most` worst members with their worst finding, and how many more there are. */
export function Attention({
  members,
  most,
  now,
}: Pick<RollUp, 'members'> & {
  most: number;
  /** In milliseconds of the service's clock. */
  now: number;
}) {
  const { t, count } = useWords();
  const found = pressing(members);
  const more = found.length - most;
  if (!found.length)
    return (
      <Text as="p" variant="body-medium" className={styles.text}>
        {t('rollUp.attention.none')}
      </Text>
    );
  return (
    <div>
      <ul className={styles.list} aria-label={t('rollUp.attention.label')}>
        {found.slice(0, most).map(member => (
          <li key={member.entityRef} className={styles.item}>
            <EntityName entity={entityOf(member)} />
            <MemberState member={member} now={now} />
          </li>
        ))}
      </ul>
      {more > 0 && (
        <Text as="p" variant="body-small" color="secondary">
          {t('rollUp.attention.more', { count: more, number: count(more) })}
        </Text>
      )}
    </div>
  );
}
