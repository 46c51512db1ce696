/** Entities that claim a key, with their statuses, for tests. */
import { NotFoundError } from '../../api';
import { GovernedEntity } from '../../api/governedEntities';
import {
  inOrder,
  overBudget,
  ownerMismatch,
  runsOut,
  unknown,
} from '../../fixtures/statuses';

const named = (
  name: string,
  more: Partial<GovernedEntity>,
): GovernedEntity => ({
  entityRef: `component:default/${name}`,
  kind: 'Component',
  namespace: 'default',
  name,
  title: name,
  ...more,
});

export const calm = named('calm', { status: inOrder });
export const hasty = named('hasty', { status: runsOut });
export const spendthrift = named('spendthrift', { status: overBudget });
export const strange = named('strange', { status: ownerMismatch });
export const unheard = named('unheard', { status: unknown });
export const hidden = named('hidden', { failure: new NotFoundError('hidden') });

/** One of each. */
export const everybody: readonly GovernedEntity[] = [
  calm,
  hasty,
  hidden,
  spendthrift,
  strange,
  unheard,
];
