import { allWithheld, partlyWithheld, team } from '../features/rollup/fixtures';
import { addedUp } from './decimals';
import { memberSeriesOf } from './memberSeries';

describe('memberSeriesOf', () => {
  it('shows the five largest by themselves and the others as one', () => {
    expect(memberSeriesOf(team)!.parts).toEqual([
      ...[
        'customer-support-bot',
        'ticket-summarizer',
        'reply-writer',
        'faq-search',
        'call-notes',
      ].map(name => ({
        entityRef: `component:default/${name}`,
        name,
        members: 1,
      })),
      { members: 2 },
    ]);
  });

  it('adds the parts of a day up to the day, to the last digit', () => {
    const { days } = memberSeriesOf(team)!;

    for (const [index, { amounts, spent }] of days.entries()) {
      const all = team.members.map(it => it.byDay![index]);
      expect(spent.amount).toBe(addedUp(all));
      expect(addedUp(amounts.map(it => it.amount))).toBe(spent.amount);
    }
  });

  it('has no others where five or fewer spend', () => {
    const few = { ...team, members: team.members.slice(0, 3) };

    expect(memberSeriesOf(few)!.parts).toHaveLength(3);
  });

  it('takes a withheld amount for no zero: it is no part', () => {
    expect(
      memberSeriesOf(partlyWithheld)!.parts.map(it => it.name),
    ).not.toContain('reply-writer');
  });

  it('names a member by its whole reference where another has the same name', () => {
    const [first, second] = team.members;
    const twins = [
      { ...first, entityRef: 'component:default/bot' },
      { ...second, entityRef: 'component:other/bot' },
    ];

    expect(
      memberSeriesOf({ ...team, members: twins })!.parts.map(it => it.name),
    ).toEqual(['component:default/bot', 'component:other/bot']);
  });

  it('makes nothing of a roll-up without days', () => {
    expect(memberSeriesOf(allWithheld)).toBeUndefined();
  });

  it('is as high as its highest day', () => {
    expect(memberSeriesOf(team)!.highest).toBeCloseTo(763, 3);
  });
});
