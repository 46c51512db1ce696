import { englishWords } from '../__testUtils__/translate';
import { formatAge, formatSpan } from './span';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Written with ordinary spaces here, to be read; no line may break at any. */
const unbroken = (text: string) => text.replace(/ /g, '\u00a0');

describe('formatSpan', () => {
  it.each([
    [-5, '0 s'],
    [12.9 * SECOND, '12 s'],
    [5 * MINUTE + 59 * SECOND, '5 min'],
    [7 * HOUR + 20 * MINUTE, '7 h 20 min'],
    [7 * HOUR, '7 h'],
    [3 * DAY + 4 * HOUR + 59 * MINUTE, '3 d 4 h'],
    [3 * DAY, '3 d'],
  ])('says %d ms in its two largest units: %s', (span, text) => {
    expect(formatSpan(englishWords(), span)).toBe(unbroken(text));
  });
});

describe('formatAge', () => {
  it.each([
    [-3 * SECOND, 'just now'],
    [9 * SECOND, 'just now'],
    [12 * SECOND, '12 s ago'],
    [2 * HOUR + 40 * MINUTE, '2 h ago'],
    [2 * DAY + 3 * HOUR, '2 d ago'],
  ])('says %d ms in its largest unit: %s', (age, text) => {
    expect(formatAge(englishWords(), age)).toBe(unbroken(text));
  });
});
