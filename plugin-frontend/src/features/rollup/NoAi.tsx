import { Text } from '@backstage/ui';
import { RollUp } from '../../api';
import { useWords } from '../../translations';

/** Whether no member names a gateway key: then there is nothing to roll up. */
export const usesNoAi = ({ members }: RollUp): boolean =>
  members.every(({ state }) => state === 'unconfigured');

/** Nothing is wrong, and there is nothing to show. */
export function NoAi({ rollUp }: { rollUp: RollUp }) {
  const { t, count } = useWords();
  const entities = Math.max(
    rollUp.members.length,
    rollUp.states.unconfigured ?? 0,
  );
  return (
    <div role="note">
      <Text as="h3" variant="body-large" weight="bold">
        {t('rollUp.empty.title')}
      </Text>
      <Text as="p" variant="body-medium" color="secondary">
        {t('rollUp.empty.description', {
          count: entities,
          number: count(entities),
        })}
      </Text>
    </div>
  );
}
