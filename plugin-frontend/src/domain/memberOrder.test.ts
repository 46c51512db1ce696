import { RollUpMember } from '../api';
import { partlyWithheld, team } from '../features/rollup/fixtures';
import { MemberOrder, orderedMembers } from './memberOrder';

const names = (
  members: readonly RollUpMember[],
  column: MemberOrder['column'],
  direction: MemberOrder['direction'] = 'ascending',
) =>
  orderedMembers(members, { column, direction }, 'en').map(it =>
    it.entityRef.replace('component:default/', ''),
  );

describe('orderedMembers', () => {
  it('sorts by name', () => {
    expect(names(team.members, 'entity').slice(0, 3)).toEqual([
      'billing-service',
      'call-notes',
      'customer-support-bot',
    ]);
  });

  it('sorts the worst state first', () => {
    expect(names(team.members, 'state').slice(0, 2)).toEqual([
      'spam-filter',
      'ticket-summarizer',
    ]);
  });

  it('keeps the order of the service among equals', () => {
    expect(names(team.members, 'spent', 'descending')).toEqual(
      team.members.map(it => it.entityRef.replace('component:default/', '')),
    );
  });

  it.each(['ascending', 'descending'] as const)(
    'puts amounts that are not known last, %s',
    direction => {
      expect(
        names(partlyWithheld.members, 'spent', direction).slice(-2),
      ).toEqual(['reply-writer', 'faq-search']);
    },
  );

  it('sorts by the period before', () => {
    expect(names(team.members, 'before', 'descending')[0]).toBe(
      'customer-support-bot',
    );
  });
});
