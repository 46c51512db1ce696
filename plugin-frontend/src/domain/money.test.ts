import { formatMoney, isZero } from './money';

const usd = (amount: string) =>
  formatMoney({ amount, currency: 'USD' }, 'en-US');

describe('formatMoney', () => {
  it.each([
    ['0', '$0.00'],
    ['12.345', '$12.35'],
    ['0.5', '$0.50'],
    ['-3', '-$3.00'],
  ])('writes %s to the cent: %s', (amount, text) => {
    expect(usd(amount)).toBe(text);
  });

  it.each(['-0', '-0.00', '-0.000'])('gives nothing no sign: %s', amount => {
    expect(usd(amount)).toBe('$0.00');
  });

  it.each([
    ['0.0042', '$0.0042'],
    ['0.0153', '$0.015'],
    ['0.0700', '$0.07'],
    ['0.0994', '$0.099'],
    ['0.0999', '$0.10'],
    ['0.00000012', '$0.00000012'],
    ['-0.0042', '-$0.0042'],
  ])('never shows something as nothing: %s as %s', (amount, text) => {
    expect(usd(amount)).toBe(text);
  });

  it('keeps every digit of an amount that no number can hold', () => {
    expect(usd('123456789012345678.12')).toBe('$123,456,789,012,345,678.12');
  });

  it('knows how many decimals a currency has', () => {
    expect(formatMoney({ amount: '1234', currency: 'JPY' }, 'en-US')).toBe(
      '¥1,234',
    );
  });

  it('follows the locale', () => {
    expect(formatMoney({ amount: '1234.5', currency: 'EUR' }, 'de-DE')).toBe(
      '1.234,50\u00a0€',
    );
  });

  it('puts a word that is no ISO 4217 code behind the number', () => {
    expect(
      formatMoney({ amount: '1234.5', currency: 'credits' }, 'en-US'),
    ).toBe('1,234.50 credits');
  });
});

describe('isZero', () => {
  it.each(['0', '0.00', '-0.0'])('takes %s for nothing', amount => {
    expect(isZero({ amount, currency: 'USD' })).toBe(true);
  });

  it('takes the smallest amount for something', () => {
    expect(isZero({ amount: '0.000000000000000001', currency: 'USD' })).toBe(
      false,
    );
  });
});
