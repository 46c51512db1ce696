import { known } from './known';

const NUMBERS: Record<string, number> = { one: 1, two: 2 };

describe('known', () => {
  it('has what stands in the table', () => {
    expect(known(NUMBERS, 'two')).toBe(2);
  });

  it.each(['three', 'toString', 'constructor'])(
    'has nothing for %s, which does not',
    word => {
      expect(known(NUMBERS, word)).toBeUndefined();
    },
  );
});
