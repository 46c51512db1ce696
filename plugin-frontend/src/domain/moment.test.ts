import {
  formatDay,
  formatDayInFull,
  formatMoment,
  formatMomentInFull,
  formatMonth,
  formatMonthShort,
} from './moment';

const NOW = Date.parse('2026-03-10T12:00:00Z');
const UTC = { locale: 'en-GB', timeZone: 'UTC' };
const TOKYO = { locale: 'en-GB', timeZone: 'Asia/Tokyo' };

describe('formatMoment', () => {
  it.each([
    ['2026-03-10T16:40:00Z', '16:40 UTC'],
    ['2026-03-11T00:00:00Z', 'Wed 00:00 UTC'],
    ['2026-03-06T09:05:00Z', 'Fri 09:05 UTC'],
    ['2026-09-01T00:00:00Z', '1 Sept 2026'],
    ['2025-03-10T12:00:00Z', '10 Mar 2025'],
  ])('says %s as short as it can be understood: %s', (iso, text) => {
    // Between a weekday and a time some locales have a comma.
    expect(formatMoment(iso, NOW, UTC).replace(',', '')).toBe(text);
  });

  it('is about the viewer’s day and names the zone, which need not be that of the budget', () => {
    expect(
      formatMoment('2026-03-10T16:40:00Z', NOW, TOKYO).replace(',', ''),
    ).toBe('Wed 01:40 GMT+9');
  });
});

describe('formatMomentInFull', () => {
  it('names the day and the zone', () => {
    expect(formatMomentInFull('2026-03-10T16:40:00Z', UTC)).toMatch(
      /Tuesday.*10 March 2026.*16:40:00 UTC/,
    );
  });
});

describe('a budget day', () => {
  it('is not shifted by the viewer’s zone', () => {
    expect(formatDay('2025-11-01', 'en-GB')).toBe('1 Nov');
    expect(formatDayInFull('2025-11-01', 'en-GB')).toBe(
      'Saturday, 1 November 2025',
    );
  });

  it('that cannot be read is shown as it came', () => {
    expect(formatDay('yesterday', 'en')).toBe('yesterday');
  });
});

describe('a month', () => {
  it('is said with its year, in the reader’s language', () => {
    expect(formatMonth('2026-11', 'en-GB')).toBe('November 2026');
    expect(formatMonth('2026-03', 'de')).toBe('März 2026');
  });

  it('is short below a bar', () => {
    expect(formatMonthShort('2026-11', 'en-US')).toBe('Nov 26');
  });

  it.each([formatMonth, formatMonthShort])(
    'stays as it came where it is none',
    format => {
      expect(format('2026-Q1', 'en-GB')).toBe('2026-Q1');
    },
  );
});
