import { GovernedEntity } from '../api/governedEntities';
import {
  calm,
  everybody,
  hasty,
  spendthrift,
} from '../features/overview/fixtures';
import { inOrder, NOW, runsOut } from '../fixtures/statuses';
import { ColumnId, ordered } from './order';

const namesBy = (
  column: ColumnId,
  direction: 'ascending' | 'descending' = 'ascending',
  entities: readonly GovernedEntity[] = everybody,
) => ordered(entities, { column, direction }, NOW, 'en').map(it => it.name);

const withBudget = (name: string, more: object): GovernedEntity => ({
  ...calm,
  name,
  title: name,
  status: { ...inOrder, budget: { ...inOrder.budget!, ...more } },
});

describe('the order', () => {
  it('by state puts the worst first, and equals by name', () => {
    expect(namesBy('state')).toEqual([
      'spendthrift',
      'strange',
      'hasty',
      'hidden',
      'unheard',
      'calm',
    ]);
  });

  it('takes a state of which it has never heard for unknown', () => {
    const odd: GovernedEntity = {
      ...calm,
      name: 'odd',
      title: 'odd',
      status: { ...inOrder, state: 'paused' as 'ok' },
    };

    expect(namesBy('state', 'ascending', [calm, odd, hasty])).toEqual([
      'hasty',
      'odd',
      'calm',
    ]);
  });

  it('by state turns round, and equals stay by name', () => {
    expect(namesBy('state', 'descending')).toEqual([
      'calm',
      'hidden',
      'unheard',
      'hasty',
      'spendthrift',
      'strange',
    ]);
  });

  it('by name goes by the name for people', () => {
    expect(
      namesBy('entity', 'ascending', [{ ...calm, title: 'Zebra' }, hasty]),
    ).toEqual(['hasty', 'calm']);
  });

  it.each(['ascending', 'descending'] as const)(
    'by money puts what has none last, %s',
    direction => {
      const money = namesBy('spent', direction);
      expect(money.slice(3)).toEqual(['strange', 'hidden', 'unheard']);
      const rising = ['calm', 'hasty', 'spendthrift'];
      expect(money.slice(0, 3)).toEqual(
        direction === 'ascending' ? rising : rising.reverse(),
      );
    },
  );

  it('by money compares amounts and not texts', () => {
    const amount = (name: string, size: string) =>
      withBudget(name, { daily: { amount: size, currency: 'USD' } });
    expect(
      namesBy('budget', 'ascending', [
        amount('hundred', '100'),
        amount('nine', '9'),
        amount('nothing', '0'),
      ]),
    ).toEqual(['nothing', 'nine', 'hundred']);
  });

  it('by wallet compares what is left', () => {
    expect(namesBy('wallet').slice(0, 3)).toEqual([
      'spendthrift',
      'hasty',
      'calm',
    ]);
  });

  it('by pace puts what is used up first, then what runs out earlier, and what has no budget last', () => {
    const later = withBudget('later', {
      ...runsOut.budget,
      exhaustsAt: '2026-03-10T20:00:00Z',
    });
    const boundless = withBudget('boundless', { daily: null, usedRatio: null });
    expect(
      namesBy('pace', 'ascending', [
        boundless,
        calm,
        later,
        hasty,
        spendthrift,
      ]),
    ).toEqual(['spendthrift', 'hasty', 'later', 'calm', 'boundless']);
  });
});
