import { periodIn, withPeriod } from './period';

describe('the period', () => {
  it.each([7, 30, 90])('of %i days is read from the address', days => {
    expect(periodIn(new URLSearchParams(`days=${days}`))).toBe(days);
  });

  it.each(['', 'days=', 'days=8', 'days=90.0', 'days=007', 'days=-7'])(
    'is 30 days where the address says %p, so that nothing else reaches the service',
    query => {
      expect(periodIn(new URLSearchParams(query))).toBe(30);
    },
  );

  it('changes without touching what others keep in the address', () => {
    const changed = withPeriod(new URLSearchParams('view=table&days=7'), 90);
    expect(String(changed)).toBe('view=table&days=90');
  });
});
