import { englishWords } from '../__testUtils__/translate';
import { Finding } from '../api';
import { NOW } from '../fixtures/statuses';
import { findingText, paceText } from './phrases';

const words = englishWords();

const finding = (more: Partial<Finding>): Finding => ({
  code: 'budget-exceeded',
  severity: 'error',
  message: 'The sentence of the service.',
  hint: 'Its hint.',
  ...more,
});

const said = (more: Partial<Finding>) => findingText(words, finding(more), NOW);

const SPENT = { spent: '612.5', budget: '500', currency: 'USD' };

describe('a finding', () => {
  it('is said by its code and parameters, in the form that the numbers beside it have', () => {
    expect(said({ params: SPENT }).message).toBe(
      '$612.50 are spent, more than the daily budget of $500.00.',
    );
  });

  it('has times in the zone of the reader', () => {
    const params = {
      exhaustsAt: '2026-03-10T16:40:00Z',
      resetsAt: '2026-03-11T00:00:00Z',
    };

    expect(said({ code: 'budget-pace', params }).message).toMatch(
      /runs out at 04:40 PM UTC, before it resets at Wed,? 12:00 AM UTC/,
    );
  });

  it.each<[string, Partial<Finding>]>([
    ['sends no parameters', {}],
    ['sends null', { params: null }],
    ['leaves one out', { params: { spent: '612.5', currency: 'USD' } }],
    ['sends no amount', { params: { ...SPENT, spent: 'much' } }],
    ['sends no time', { code: 'data-stale', params: { since: 'long ago' } }],
    ['has a code that is new', { code: 'model-retired', params: SPENT }],
    [
      'has the name of a method as its code',
      { code: 'toString', params: SPENT },
    ],
  ])('is the service’s own sentence where it %s', (_, more) => {
    expect(said(more)).toEqual({
      message: 'The sentence of the service.',
      hint: 'Its hint.',
    });
  });
});

describe('a pace', () => {
  it('names the time at which the budget runs out', () => {
    expect(
      paceText(words, { kind: 'runs-out', at: '2026-03-10T16:40:00Z' }, NOW),
    ).toMatch(/^Runs out at 04:40 PM UTC at this pace$/);
  });

  it('has no words without a budget', () => {
    expect(paceText(words, { kind: 'no-budget' }, NOW)).toBeUndefined();
  });
});
