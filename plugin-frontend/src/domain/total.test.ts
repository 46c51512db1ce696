import { BudgetStatus } from '../api';
import { GovernedEntity } from '../api/governedEntities';
import { calm, hidden, spendthrift } from '../features/overview/fixtures';
import { inOrder } from '../fixtures/statuses';
import { totalOf } from './total';

const spending = (
  key: string,
  amount: string,
  more: Partial<BudgetStatus> = {},
): GovernedEntity => ({
  ...calm,
  entityRef: `component:default/${key}-${amount}`,
  status: {
    ...inOrder,
    gatewayKey: { ...inOrder.gatewayKey!, declared: key },
    budget: {
      ...inOrder.budget!,
      spent: { amount, currency: 'USD' },
      ...more,
    },
  },
});

describe('totalOf', () => {
  it('adds up to the last digit', () => {
    expect(
      totalOf([spending('a', '0.1'), spending('b', '0.200000000001')]),
    ).toEqual({
      spent: { amount: '0.300000000001', currency: 'USD' },
      entities: 2,
      unknown: 0,
      complete: true,
      attribution: 'key',
    });
  });

  it('counts a key that two entities claim once, as it was read last', () => {
    const { spent, entities } = totalOf([
      spending('a', '5'),
      { ...spending('a', '4.5'), entityRef: 'component:default/other' },
    ])!;

    expect([spent.amount, entities]).toEqual(['5', 2]);
  });

  it('is a lower bound where an amount is not known', () => {
    expect(totalOf([spending('a', '5'), hidden])).toMatchObject({
      complete: false,
      unknown: 1,
    });
  });

  it('is a lower bound where one of its sums is', () => {
    expect(totalOf([spending('a', '5', { complete: false })])).toMatchObject({
      complete: false,
      unknown: 0,
    });
  });

  it('may be too high where one of its sums may be', () => {
    expect(
      totalOf([
        spending('a', '5'),
        spending('b', '5', { attribution: 'team' }),
      ]),
    ).toMatchObject({ attribution: 'team' });
  });

  it('leaves out what is in another currency, and says so', () => {
    const euros = { amount: '7', currency: 'EUR' };

    expect(
      totalOf([spending('a', '5'), spending('b', '', { spent: euros })]),
    ).toMatchObject({ spent: { amount: '5' }, unknown: 1, complete: false });
  });

  it('is nothing where no amount is known', () => {
    expect(totalOf([hidden])).toBeUndefined();
    expect(totalOf([])).toBeUndefined();
  });

  it('takes what is over its budget as it is', () => {
    expect(totalOf([spendthrift])!.spent).toEqual(
      spendthrift.status!.budget!.spent,
    );
  });
});
