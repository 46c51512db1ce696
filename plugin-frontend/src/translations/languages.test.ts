import de from './de';
import { en } from './en';
import { flattened } from './flatten';
import pseudo from './pseudo';

const english = flattened(en);

/** The names that are put into a message. */
const namesIn = (message: string) =>
  [...message.matchAll(/\{\{(\w+)\}\}/g)].map(it => it[1]).sort();

/** What is the same in both languages, or a name. */
const SAME = new Set([
  'bound',
  'span.seconds',
  'span.minutes',
  'span.hours',
  'span.hoursMinutes',
  'team.label',
  'gateway.label',
  'gateway.version',
  'overview.nothing',
  'coverage.column.team',
  'overview.filter.state',
  'rollUp.states.entry',
  'rollUp.shared.team',
  'rollUp.wallets.team',
]);

describe.each([
  ['German', de],
  ['the pseudo-language', pseudo],
])('%s', (_, messages) => {
  it('has every message, and no other', () => {
    const keys = Object.keys(messages).map(key =>
      key.replace(/_(zero|two|few|many)$/, '_other'),
    );

    expect([...new Set(keys)].sort()).toEqual(Object.keys(english).sort());
  });

  it('puts into each message what English does', () => {
    for (const [key, message] of Object.entries(english))
      expect([key, namesIn(messages[key])]).toEqual([key, namesIn(message)]);
  });
});

describe('German', () => {
  it('leaves no message in English', () => {
    const left = Object.keys(english).filter(
      key => de[key] === english[key] && !SAME.has(key),
    );

    expect(left).toEqual([]);
  });
});
