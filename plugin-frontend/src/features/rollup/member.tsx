import { parseEntityRef } from '@backstage/catalog-model';
import { RollUpMember } from '../../api';
import { GovernedEntity } from '../../api/governedEntities';
import { findingText, useWords } from '../../translations';
import { StateWithReason } from '../overview/cells';

/** The member as the page of all entities has it; its title is not sent, so it goes by its name. */
export function entityOf({
  entityRef,
}: Pick<RollUpMember, 'entityRef'>): GovernedEntity {
  const { kind, namespace, name } = parseEntityRef(entityRef);
  return { entityRef, kind, namespace, name, title: name };
}

/** The state of a member and the worst thing to know about it; `now` is in milliseconds. */
export function MemberState({
  member: { state, worst },
  now,
}: {
  member: RollUpMember;
  now: number;
}) {
  const words = useWords();
  return (
    <StateWithReason
      state={state}
      reason={worst ? findingText(words, worst, now).message : undefined}
    />
  );
}
