/**
 * The exact sum of decimal strings such as `1234.5` and `-0.000001`; `0` of none. Numbers would lose what lies beyond 15
 * digits. Throws a `SyntaxError` for what is no decimal.
 */
export function addedUp(amounts: readonly string[]): string {
  const places = Math.max(0, ...amounts.map(decimalsOf));
  const sum = amounts.reduce(
    (total, amount) => total + scaled(amount, places),
    BigInt(0),
  );
  const negative = sum < BigInt(0);
  const digits = String(negative ? -sum : sum).padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places);
  const rest = digits.slice(digits.length - places).replace(/0+$/, '');
  return `${negative ? '-' : ''}${whole}${rest && `.${rest}`}`;
}

const decimalsOf = (amount: string): number =>
  amount.includes('.') ? amount.length - amount.indexOf('.') - 1 : 0;

/** The amount in units of the last of `places` decimals. */
function scaled(amount: string, places: number): bigint {
  if (!/^-?\d+(\.\d+)?$/.test(amount))
    throw new SyntaxError(`${amount} is no decimal such as 12.5`);
  return BigInt(
    amount.replace('.', '') + '0'.repeat(places - decimalsOf(amount)),
  );
}
