import { appLanguageApiRef } from '@backstage/frontend-plugin-api';
import { render, screen } from '@testing-library/react';
import { act } from 'react';
import { surroundedBy } from '../__testUtils__/renderWithApis';
import { englishWords } from '../__testUtils__/translate';
import { PLACE, placed } from './index';
import { useWords } from './words';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Written with ordinary spaces here, to be read; no line may break at any. */
const unbroken = (text: string) => text.replace(/ /g, '\u00a0');

describe('a span', () => {
  it.each([
    [-5, '0 s'],
    [12.9 * SECOND, '12 s'],
    [5 * MINUTE + 59 * SECOND, '5 min'],
    [7 * HOUR + 20 * MINUTE, '7 h 20 min'],
    [7 * HOUR, '7 h'],
    [3 * DAY + 4 * HOUR + 59 * MINUTE, '3 d 4 h'],
    [3 * DAY, '3 d'],
  ])('of %d ms is said in its two largest units: %s', (span, text) => {
    expect(englishWords().span(span)).toBe(unbroken(text));
  });
});

describe('an age', () => {
  it.each([
    [-3 * SECOND, 'just now'],
    [9 * SECOND, 'just now'],
    [12 * SECOND, '12 s ago'],
    [2 * HOUR + 40 * MINUTE, '2 h ago'],
    [2 * DAY + 3 * HOUR, '2 d ago'],
  ])('of %d ms is said in its largest unit: %s', (age, text) => {
    expect(englishWords().age(age)).toBe(unbroken(text));
  });
});

describe('a sum', () => {
  it.each([
    [true, 'key', '$12.50'],
    [false, 'key', 'at least $12.50'],
    [true, 'team', 'at most $12.50'],
    [false, 'team', 'about $12.50'],
  ] as const)(
    'that is complete: %p and the %s’s reads %p',
    (complete, attribution, text) => {
      expect(englishWords().bound('$12.50', { complete, attribution })).toBe(
        text,
      );
    },
  );
});

describe('a plural', () => {
  it.each([
    [1, 'Spent in 1 day'],
    [7, 'Spent in 7 days'],
  ])('of %d reads %s', (count, text) => {
    const { t } = englishWords();

    expect(t('spend.total', { count, number: String(count) })).toBe(text);
  });
});

describe('placed', () => {
  it('puts an element where the message has it', () => {
    const { t } = englishWords();
    const { container } = render(
      <p>{placed(t('key.expires', { time: PLACE }), <b>today</b>)}</p>,
    );

    expect(container.innerHTML).toBe('<p>expires <b>today</b></p>');
  });
});

const Sample = () => {
  const { money, moment, ratio } = useWords();
  const now = Date.parse('2026-03-10T12:00:00Z');
  return (
    <p>
      {money({ amount: '450.5', currency: 'USD' })} {ratio(0.87)}{' '}
      {moment('2025-03-10T12:00:00Z', now)}
    </p>
  );
};

/** Backstage's choice of language, as an app changes it. */
function languageApi(first: string) {
  const listeners = new Set<() => void>();
  let language = first;
  return {
    getLanguage: () => ({ language }),
    language$: () => ({
      subscribe: (listener: () => void) => {
        listeners.add(listener);
        return { unsubscribe: () => listeners.delete(listener) };
      },
    }),
    change(to: string) {
      language = to;
      listeners.forEach(it => it());
    },
  };
}

/** A browser of which German is the own language: it formats in German where no language is named. */
function germanBrowser() {
  const { NumberFormat, DateTimeFormat } = Intl;
  jest.spyOn(navigator, 'language', 'get').mockReturnValue('de-DE');
  jest
    .spyOn(Intl, 'NumberFormat')
    .mockImplementation(
      (locale, options) => new NumberFormat(locale ?? 'de-DE', options),
    );
  jest
    .spyOn(Intl, 'DateTimeFormat')
    .mockImplementation(
      (locale, options) => new DateTimeFormat(locale ?? 'de-DE', options),
    );
}

describe('numbers, money and dates', () => {
  const english = '$450.50 87% Mar 10, 2025';

  afterEach(() => jest.restoreAllMocks());

  it('are in the language of the app and not of the browser', () => {
    germanBrowser();
    const api = languageApi('en');
    render(<Sample />, {
      wrapper: surroundedBy({ apis: [[appLanguageApiRef, api]] }),
    });
    expect(screen.getByRole('paragraph')).toHaveTextContent(english);

    act(() => api.change('de'));

    expect(screen.getByRole('paragraph')).toHaveTextContent(
      '450,50 $ 87 % 10.03.2025',
    );
  });

  it('are in the language of the messages in an app that knows no languages', () => {
    render(<Sample />, { wrapper: surroundedBy({}) });

    expect(screen.getByRole('paragraph')).toHaveTextContent(english);
  });
});
