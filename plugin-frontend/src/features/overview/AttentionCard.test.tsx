import { screen, within } from '@testing-library/react';
import { renderOverview } from '../../__testUtils__/renderOverview';
import { UnreachableError } from '../../api';
import { MOST_ENTITIES } from '../../api/governedEntities';
import { NOW } from '../../fixtures/statuses';
import { AttentionCard } from './AttentionCard';
import { calm, everybody, spendthrift } from './fixtures';

describe('AttentionCard', () => {
  beforeEach(() => jest.spyOn(Date, 'now').mockReturnValue(NOW));
  afterEach(() => jest.restoreAllMocks());

  it('lists what has a finding, the worst first, with its reason, and leaves out what is in order', async () => {
    renderOverview(<AttentionCard />, { entities: everybody });

    const items = within(
      await screen.findByRole('list', { name: 'Entities that need attention' }),
    ).getAllByRole('listitem');
    expect(items.map(it => within(it).getByRole('link').textContent)).toEqual([
      'spendthrift',
      'strange',
      'hasty',
      'hidden',
      'unheard',
    ]);
    expect(items[0]).toHaveTextContent(
      'The daily budget of 500 USD is exceeded',
    );
    expect(
      screen.getByRole('link', { name: 'Open AI Governance' }),
    ).toHaveAttribute('href', '/ai-governance');
  });

  it('lists a few, and says how many there are', async () => {
    const many = Array.from({ length: 7 }, (_, index) => ({
      ...spendthrift,
      entityRef: `component:default/e${index}`,
      name: `e${index}`,
    }));
    renderOverview(<AttentionCard />, { entities: many });

    expect(
      await screen.findByRole('link', { name: 'See all 7' }),
    ).toBeInTheDocument();
    expect(screen.getAllByRole('listitem')).toHaveLength(5);
  });

  it('asks for what it shows alone, in one request', async () => {
    const { getStatuses, getWorst } = renderOverview(<AttentionCard />, {
      entities: everybody,
    });
    await screen.findByRole('list');

    expect(getWorst.mock.calls.map(([, most]) => most)).toEqual([5]);
    expect(getStatuses).not.toHaveBeenCalled();
  });

  it('says that all is in order', async () => {
    renderOverview(<AttentionCard />, { entities: [calm] });

    expect(await screen.findByText('In order')).toBeInTheDocument();
    expect(
      screen.getByText('Your 1 entity with a gateway key is in order.'),
    ).toBeInTheDocument();
  });

  it('says that nothing is owned, which is not that all is in order', async () => {
    renderOverview(<AttentionCard />, { entities: [] });

    expect(
      await screen.findByText('Nothing that you own has a gateway key.'),
    ).toBeInTheDocument();
    expect(screen.queryByText('In order')).not.toBeInTheDocument();
  });

  it('can do without the page', async () => {
    renderOverview(<AttentionCard />, { entities: [calm], withPage: false });

    expect(await screen.findByText('In order')).toBeInTheDocument();
    expect(screen.queryByRole('link')).not.toBeInTheDocument();
  });

  it('says why it cannot tell', async () => {
    const getWorst = jest
      .fn()
      .mockRejectedValue(new UnreachableError('no', { part: 'service' }));
    renderOverview(<AttentionCard />, { entities: [calm], getWorst });

    expect(await screen.findByRole('alert')).toHaveTextContent(
      'The governance service cannot be reached',
    );
  });

  it('says that it has not looked at all of very many', async () => {
    const many = Array.from({ length: MOST_ENTITIES + 1 }, (_, index) => ({
      ...calm,
      entityRef: `component:default/e${index}`,
      name: `e${index}`,
    }));
    renderOverview(<AttentionCard />, { entities: many });

    expect(
      await screen.findByText(/Only the first 1,000 entities by name/),
    ).toBeInTheDocument();
  });
});
