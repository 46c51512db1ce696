import { calm, everybody } from './fixtures';
import {
  inStates,
  isFiltered,
  matching,
  queryIn,
  withQuery,
} from './tableQuery';

const read = (query: string) => queryIn(new URLSearchParams(query));
const names = (entities: readonly { name: string }[]) =>
  entities.map(it => it.name);

describe('the query in the address', () => {
  it('is one’s own, worst first, where nothing is said', () => {
    expect(read('')).toEqual({
      scope: 'owned',
      search: '',
      states: [],
      order: { column: 'state', direction: 'ascending' },
      page: 1,
    });
  });

  it('is read back as it was written', () => {
    const query = read(
      'show=all&q=bot+2&state=error%2Cunknown&sort=spent&order=descending&page=3',
    );
    expect(query).toEqual({
      scope: 'all',
      search: 'bot 2',
      states: ['error', 'unknown'],
      order: { column: 'spent', direction: 'descending' },
      page: 3,
    });
    expect(queryIn(withQuery(new URLSearchParams(), query))).toEqual(query);
  });

  it.each([
    'show=everything',
    'state=terrible,__proto__',
    'sort=constructor&order=descending',
    'page=0',
    'page=-1',
    'page=1.5',
    'page=9e99',
    'page=x',
  ])('takes the default for what it does not know: %s', query => {
    expect(read(query)).toEqual(read(''));
  });

  it('does not write defaults, and keeps what others have there', () => {
    const before = new URLSearchParams('lang=en&q=bot&page=2&show=all');
    expect(String(withQuery(before, read('')))).toBe('lang=en');
  });

  it('narrows by words and by states, and not by scope', () => {
    expect(isFiltered(read('show=all&page=2'))).toBe(false);
    expect(isFiltered(read('q=%20'))).toBe(false);
    expect(isFiltered(read('q=a'))).toBe(true);
    expect(isFiltered(read('state=ok'))).toBe(true);
  });
});

describe('a search', () => {
  it.each([
    ['CALM', ['calm']],
    ['support-team-gw component:default/ca', ['calm']],
    ['calm nothing-like-it', []],
    ['  ', names(everybody)],
    ['.*', []],
  ])('for %p finds what has every word', (words, found) => {
    expect(names(matching(everybody, words))).toEqual(found);
  });

  it('finds by team and by key', () => {
    expect(names(matching([calm], 'support-team'))).toEqual(['calm']);
    expect(names(matching([calm], 'gw-key'))).toEqual(['calm']);
  });
});

describe('states', () => {
  it('are all where none is named', () => {
    expect(inStates(everybody, [])).toHaveLength(everybody.length);
  });

  it('count what could not be had as unknown', () => {
    expect(names(inStates(everybody, ['unknown']))).toEqual([
      'hidden',
      'unheard',
    ]);
  });
});
