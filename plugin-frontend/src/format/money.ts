import { Amount } from '../api';

/** From here on two significant digits would be no more than the cents are, and `$0.0999` would read `$0.1`. */
const TEN_UNITS = 9.95;

/**
 * An amount in the viewer's locale: to the cent, and with two significant digits where the cent would hide it, so that
 * what is not nothing never reads as nothing. `{amount: '0.0042', currency: 'USD'}` reads `$0.0042`.
 */
export function formatMoney(
  { amount, currency }: Amount,
  locale?: string,
): string {
  const format = currencyFormat(locale, currency, {});
  const smallestUnit =
    10 ** -(format.resolvedOptions().maximumFractionDigits ?? 2);
  const size = Math.abs(Number(amount));
  const fitting =
    size > 0 && size < TEN_UNITS * smallestUnit
      ? currencyFormat(locale, currency, { maximumSignificantDigits: 2 })
      : format;
  // A decimal string is formatted exactly, however long it is; a number would be rounded to 15 digits first.
  return fitting.format(amount as Intl.StringNumericLiteral);
}

/** An amount as short as an axis needs it: `$12.5K` from a thousand on, `$150`, and `$0.25` where it is not whole. */
export function formatMoneyShort(money: Amount, locale?: string): string {
  const size = Number(money.amount);
  const large = Math.abs(size) >= 1_000;
  if (!large && !Number.isInteger(size)) return formatMoney(money, locale);
  return currencyFormat(locale, money.currency, {
    notation: large ? 'compact' : 'standard',
    minimumFractionDigits: 0,
    maximumFractionDigits: large ? 1 : 0,
  }).format(money.amount as Intl.StringNumericLiteral);
}

/** Whether `amount` is exactly nothing. */
export const isZero = ({ amount }: Amount): boolean => Number(amount) === 0;

function currencyFormat(
  locale: string | undefined,
  currency: string,
  options: Intl.NumberFormatOptions,
) {
  try {
    return new Intl.NumberFormat(locale, {
      style: 'currency',
      currency,
      ...options,
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // Not a code of ISO 4217: a plain number, with the word behind it.
    const plain = new Intl.NumberFormat(locale, {
      minimumFractionDigits: 2,
      maximumFractionDigits: 2,
      ...options,
    });
    return {
      format: (value: Intl.StringNumericLiteral) =>
        `${plain.format(value)} ${currency}`,
      resolvedOptions: () => plain.resolvedOptions(),
    };
  }
}
