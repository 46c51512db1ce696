/**
 * A share in whole percent, rounded towards nothing so that 99.9 % never reads as all of it; what is less than one percent
 * and more than nothing reads `<1%`.
 */
export function formatRatio(ratio: number, locale: string): string {
  const percent = new Intl.NumberFormat(locale, {
    style: 'percent',
    maximumFractionDigits: 0,
  });
  if (ratio > 0 && ratio < 0.01) return `<${percent.format(0.01)}`;
  // The small addition undoes what binary fractions lose: 0.29 * 100 is 28.999…. Nothing has no sign.
  const whole = Math.trunc(ratio * 100 + Math.sign(ratio) * 1e-9);
  return percent.format(whole === 0 ? 0 : whole / 100);
}

/** A share held between 0 and 1, for the length of a bar. */
export const clampRatio = (ratio: number): number =>
  Math.min(Math.max(ratio, 0), 1);

/** A count in the reader's language. */
export const formatCount = (count: number, locale: string): string =>
  new Intl.NumberFormat(locale).format(count);
