import { Text } from '@backstage/ui';
import { RollUp } from '../../api';
import { isZero } from '../../domain/money';
import { useWords } from '../../translations';

/** Whether no member names a gateway key, and no key is spent by that one should name: there is nothing to roll up. */
export const usesNoAi = ({ members, unclaimed }: RollUp): boolean =>
  members.every(({ state }) => state === 'unconfigured') &&
  (!unclaimed || isZero(unclaimed));

/** Nothing is wrong, and there is nothing to show. */
export function NoAi({ rollUp }: { rollUp: RollUp }) {
  const { t, count } = useWords();
  const { length } = rollUp.members;
  return (
    <div role="note">
      <Text as="h3" variant="body-large" weight="bold">
        {t('rollUp.empty.title')}
      </Text>
      <Text as="p" variant="body-medium" color="secondary">
        {t('rollUp.empty.description')}
      </Text>
      {length > 0 && (
        <Text as="p" variant="body-medium" color="secondary">
          {t('rollUp.empty.withoutKey', {
            count: length,
            number: count(length),
          })}
        </Text>
      )}
    </div>
  );
}
