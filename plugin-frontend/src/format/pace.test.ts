import { englishWords } from '../__testUtils__/translate';
import { inOrder, NOW } from '../fixtures/statuses';
import { paceOf, paceText } from './pace';

const budget = inOrder.budget!;
const nothing = { amount: '0', currency: 'USD' };
const UTC = { locale: 'en-GB', timeZone: 'UTC' };

const said = (changes: Partial<typeof budget>, now = NOW) =>
  paceText(englishWords(), paceOf({ ...budget, ...changes }, now), now, UTC);

describe('the pace of a budget', () => {
  it('lasts when nothing says otherwise', () => {
    expect(said({})).toBe('Lasts until the reset at this pace');
  });

  it('names the time at which the budget runs out', () => {
    expect(said({ exhaustsAt: '2026-03-10T16:40:00Z' })).toBe(
      'Runs out at 16:40 UTC at this pace',
    );
  });

  it('is over once all is used, whatever the time', () => {
    expect(said({ usedRatio: 1, elapsedRatio: 0.01 })).toBe('Used up');
  });

  it('takes a budget of 0 for a ban and not for freedom', () => {
    expect(said({ daily: nothing, usedRatio: null })).toBe(
      'A budget of 0 allows no spending',
    );
  });

  it('says nothing of the end in the first tenth of the day', () => {
    expect(said({ elapsedRatio: 0.09 })).toBe(
      'Too early in the day to tell whether it lasts',
    );
  });

  it('does not call a lower bound enough', () => {
    expect(said({ complete: false })).toBe(
      'Cannot tell whether it lasts: the spend is incomplete',
    );
  });

  it('does not speak of a day that has ended as of today', () => {
    expect(said({}, Date.parse(budget.resetsAt))).toBe(
      'These are the numbers of a day that has ended',
    );
  });

  it('has no words without a budget', () => {
    expect(said({ daily: null, usedRatio: null })).toBeUndefined();
  });
});
