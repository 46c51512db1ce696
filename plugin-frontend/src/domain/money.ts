import { Amount } from '../api';

/** From here on two significant digits would be no more than the cents are, and `$0.0999` would read `$0.1`. */
const TEN_UNITS = 9.95;

/**
 * An amount in the reader's language: to the cent, and with two significant digits where the cent would hide it, so that
 * what is not nothing never reads as nothing. `{amount: '0.0042', currency: 'USD'}` reads `$0.0042`.
 */
export function formatMoney(
  { amount, currency }: Amount,
  locale: string,
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
  return fitting.format(
    // Nothing has no sign.
    size === 0 ? 0 : (amount as Intl.StringNumericLiteral),
  );
}

/** Whether `amount` is exactly nothing. */
export const isZero = ({ amount }: Amount): boolean => Number(amount) === 0;

/** A formatter of money; of a word that is no code of ISO 4217 too, which then stands behind the number. */
export function currencyFormat(
  locale: string,
  currency: string,
  options: Intl.NumberFormatOptions,
): Pick<Intl.NumberFormat, 'format' | 'resolvedOptions'> {
  try {
    return new Intl.NumberFormat(locale, {
      style: 'currency',
      currency,
      ...options,
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const plain = new Intl.NumberFormat(locale, {
      minimumFractionDigits: 2,
      maximumFractionDigits: 2,
      ...options,
    });
    return {
      format: (value: number | bigint | Intl.StringNumericLiteral) =>
        `${plain.format(value)} ${currency}`,
      resolvedOptions: () => plain.resolvedOptions(),
    };
  }
}
