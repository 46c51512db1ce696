import { inOrder, NOW } from '../fixtures/statuses';
import { paceOf } from './pace';

const budget = inOrder.budget!;
const nothing = { amount: '0', currency: 'USD' };

const kindOf = (changes: Partial<typeof budget>, now = NOW) =>
  paceOf({ ...budget, ...changes }, now).kind;

describe('the pace of a budget', () => {
  it('lasts when nothing says otherwise', () => {
    expect(kindOf({})).toBe('lasts');
  });

  it('has the time at which the budget runs out', () => {
    const exhaustsAt = '2026-03-10T16:40:00Z';

    expect(paceOf({ ...budget, exhaustsAt }, NOW)).toEqual({
      kind: 'runs-out',
      at: exhaustsAt,
    });
  });

  it('is over once all is used, whatever the time', () => {
    expect(kindOf({ usedRatio: 1, elapsedRatio: 0.01 })).toBe('used-up');
  });

  it('takes a budget of 0 for a ban and not for freedom', () => {
    expect(kindOf({ daily: nothing, usedRatio: null })).toBe('nothing-allowed');
  });

  it('says nothing of the end in the first tenth of the day', () => {
    expect(kindOf({ elapsedRatio: 0.09 })).toBe('too-early');
  });

  it('does not call a lower bound enough', () => {
    expect(kindOf({ complete: false })).toBe('uncertain');
  });

  it.each([{ usedRatio: 1.2 }, { exhaustsAt: '2026-03-10T16:40:00Z' }])(
    'does not call the budget used up by a sum that may be too high: %p',
    changes => {
      expect(kindOf({ ...changes, attribution: 'team' })).toBe('perhaps-lasts');
    },
  );

  it('does not speak of a day that has ended as of today', () => {
    expect(kindOf({}, Date.parse(budget.resetsAt))).toBe('day-over');
  });

  it('is none without a budget', () => {
    expect(kindOf({ daily: null, usedRatio: null })).toBe('no-budget');
  });
});
