import { addedUp } from './decimals';

describe('addedUp', () => {
  it.each([
    [[], '0'],
    [['0.1', '0.2'], '0.3'],
    [
      ['12345678901234567.25', '0.000000000001'],
      '12345678901234567.250000000001',
    ],
    [['5', '-7.50'], '-2.5'],
    [['-0.25', '0.25'], '0'],
    [['10', '90'], '100'],
  ])('adds %j up to %s, to the last digit', (amounts, sum) => {
    expect(addedUp(amounts)).toBe(sum);
  });

  it('names what is no decimal', () => {
    expect(() => addedUp(['1', 'many'])).toThrow('many is no decimal');
  });
});
