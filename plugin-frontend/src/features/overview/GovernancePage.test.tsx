import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { renderOverview } from '../../__testUtils__/renderOverview';
import { KeeptrustsClient, UnreachableError } from '../../api';
import { inOrder, NOW, partial } from '../../fixtures/statuses';
import { calm, everybody } from './fixtures';
import { GovernancePage } from './GovernancePage';
import { PAGE_SIZE } from './pages';

const table = () =>
  screen.findByRole('grid', { name: 'AI Governance by entity' });

const namesIn = (grid: HTMLElement) =>
  within(grid)
    .getAllByRole('rowheader')
    .map(it => within(it).getByRole('link').textContent);

const rendered = (address?: string, entities = everybody) =>
  renderOverview(<GovernancePage />, { entities, address });

describe('GovernancePage', () => {
  beforeEach(() => jest.spyOn(Date, 'now').mockReturnValue(NOW));
  afterEach(() => jest.restoreAllMocks());

  it('sums up what is spent today, and says what is not in the sum', async () => {
    rendered();

    await table();
    expect(screen.getByText('Spent today', { selector: 'dt' })).toBeVisible();
    expect(
      screen.getByText(
        /^by 3 entities, each key once, the amounts of 3 are not known or not for you$/,
      ),
    ).toBeInTheDocument();
    expect(
      screen.getByText(/^at least \$/, { selector: 'strong' }),
    ).toBeVisible();
  });

  it('sums up no more than the filters leave', async () => {
    rendered('/?q=calm');

    await table();
    expect(
      screen.getByText('$123.45', { selector: 'strong' }),
    ).toBeInTheDocument();
    expect(screen.getByText('by 1 entity, each key once')).toBeInTheDocument();
  });

  it('shows one’s own, worst first, of one request', async () => {
    const { getStatuses } = rendered();

    expect(namesIn(await table())).toEqual([
      'spendthrift',
      'strange',
      'hasty',
      'hidden',
      'unheard',
      'calm',
    ]);
    expect(getStatuses).toHaveBeenCalledTimes(1);
  });

  it('shows coverage when it is chosen, and keeps that in the address', async () => {
    const { location } = renderOverview(
      <GovernancePage coverage={<p>What stands nowhere</p>} />,
      { entities: everybody, address: '/?q=strange' },
    );
    await table();
    expect(screen.queryByText('What stands nowhere')).not.toBeInTheDocument();

    await userEvent.click(screen.getByRole('radio', { name: 'Coverage' }));

    expect(screen.getByText('What stands nowhere')).toBeInTheDocument();
    expect(screen.queryByRole('grid')).not.toBeInTheDocument();
    expect(location.search).toBe('?q=strange&view=coverage');
    await userEvent.click(screen.getByRole('radio', { name: 'Entities' }));
    expect(namesIn(await table())).toEqual(['strange']);
    expect(location.search).toBe('?q=strange');
  });

  it('has no choice of views where there is no coverage', async () => {
    rendered('/?view=coverage');

    expect(namesIn(await table())).toHaveLength(everybody.length);
    expect(screen.queryByRole('radio')).not.toBeInTheDocument();
  });

  it('names the browser’s tab', async () => {
    rendered();

    await waitFor(() => expect(document.title).toBe('AI Governance | Acme'));
    expect(await table()).toBeInTheDocument();
  });

  it('shows of an entity its state, spend, budget, pace and wallet, and leads to it', async () => {
    rendered('/', [calm]);

    const row = within(await table()).getAllByRole('row')[1];
    expect(row).toHaveTextContent(
      'calmcomponent · support-teamIn order$123.45$500.0024% usedLasts until the reset at this pace$3,876.54',
    );
    expect(within(row).getByRole('link', { name: 'calm' })).toHaveAttribute(
      'href',
      '/catalog/default/component/calm',
    );
    expect(within(row).getByRole('link', { name: '$123.45' })).toHaveAttribute(
      'href',
      '/catalog/default/component/calm/ai-spend',
    );
    expect(within(row).getByRole('meter')).toHaveAccessibleName('Daily budget');
  });

  it('shows what is not known as such and never as zero', async () => {
    rendered('/?q=strange');

    const row = within(await table()).getAllByRole('row')[1];
    expect(row).toHaveTextContent('belongs to another team');
    expect(within(row).getAllByRole('img', { name: 'Not known' })).toHaveLength(
      4,
    );
    expect(row).not.toHaveTextContent('$');
  });

  it('says of a row why it could not be had, and shows the others', async () => {
    rendered('/?q=h');

    const grid = await table();
    expect(grid).toHaveTextContent(
      'hiddencomponentUnknownNothing here for you',
    );
    expect(namesIn(grid)).toEqual([
      'spendthrift',
      'hasty',
      'hidden',
      'unheard',
    ]);
  });

  it('says what a spend is a bound of, as card and tab do', async () => {
    rendered('/', [{ ...calm, status: partial }]);

    expect(await table()).toHaveTextContent(
      'about $123.45$500.00about 24% used',
    );
  });

  it('sorts by a column, and keeps that in the address', async () => {
    const { location } = rendered();

    await userEvent.click(
      within(await table()).getByRole('columnheader', { name: 'Spent today' }),
    );

    expect(namesIn(await table()).slice(0, 3)).toEqual([
      'calm',
      'hasty',
      'spendthrift',
    ]);
    expect(location.search).toBe('?sort=spent');
    await userEvent.click(
      within(await table()).getByRole('columnheader', { name: /Spent today/ }),
    );
    expect(namesIn(await table())[0]).toBe('spendthrift');
    expect(location.search).toBe('?sort=spent&order=descending');
  });

  it('filters by states, whose numbers are those of the search', async () => {
    const { location } = rendered('/?q=s');
    await table();

    await userEvent.click(
      screen.getByRole('button', { name: 'Action required (2)' }),
    );

    expect(namesIn(await table())).toEqual(['spendthrift', 'strange']);
    expect(location.search).toBe('?q=s&state=error');
    expect(
      screen.getByRole('button', { name: 'Needs attention (1)' }),
    ).toBeInTheDocument();
  });

  it('searches while one types, and forgets on request', async () => {
    const { location } = rendered('/?page=2');
    await table();

    await userEvent.type(screen.getByRole('searchbox'), 'cal');

    expect(namesIn(await table())).toEqual(['calm']);
    expect(location.search).toBe('?q=cal');
    await userEvent.click(
      screen.getByRole('button', { name: 'Clear filters' }),
    );
    expect(namesIn(await table())).toHaveLength(everybody.length);
    expect(screen.getByRole('searchbox')).toHaveValue('');
    expect(screen.getByRole('searchbox')).toHaveFocus();
    expect(location.search).toBe('');
  });

  it('says that no entity fits the filters, which is not that there are none', async () => {
    rendered('/?q=nothing-like-it');

    expect(
      await screen.findByText('No entity fits these filters'),
    ).toBeInTheDocument();
    expect(
      screen.getByRole('button', { name: 'Clear filters' }),
    ).toBeInTheDocument();
  });

  it('asks for all on request, and keeps that in the address', async () => {
    const { getEntities, location } = rendered();
    await table();

    await userEvent.click(
      screen.getByRole('switch', { name: 'Show all that I may see' }),
    );

    await table();
    expect(location.search).toBe('?show=all');
    expect(getEntities).toHaveBeenCalledTimes(2);
  });

  it('turns pages without asking again', async () => {
    const many = Array.from({ length: PAGE_SIZE + 5 }, (_, index) => ({
      ...calm,
      entityRef: `component:default/e${index}`,
      name: `e${index}`,
      title: `e${String(index).padStart(2, '0')}`,
      status: inOrder,
    }));
    const { getStatuses, location } = rendered('/', many);
    expect(namesIn(await table())).toHaveLength(PAGE_SIZE);
    expect(screen.getByText('1 – 20 of 25')).toBeInTheDocument();

    await userEvent.click(
      screen.getByRole('button', { name: 'Next table page' }),
    );

    expect(namesIn(await table())).toEqual(['e20', 'e21', 'e22', 'e23', 'e24']);
    expect(location.search).toBe('?page=2');
    expect(getStatuses).toHaveBeenCalledTimes(1);
  });

  it('shows a viewer who owns nothing with a key how to annotate, and all on request', async () => {
    const { location } = rendered('/', []);

    expect(
      await screen.findByText('Nothing that you own has a gateway key'),
    ).toBeInTheDocument();
    expect(
      screen.getByText(/keeptrusts\.dev\/gateway-key-name: my-team-gw-key/),
    ).toBeInTheDocument();
    await userEvent.click(
      screen.getByRole('button', { name: 'Show all that I may see' }),
    );

    expect(
      await screen.findByText('No entity has a gateway key yet'),
    ).toBeInTheDocument();
    expect(location.search).toBe('?show=all');
  });

  it('says that the service cannot be reached, and asks again', async () => {
    const getStatuses = jest
      .fn()
      .mockRejectedValueOnce(new UnreachableError('no', { part: 'service' }))
      .mockResolvedValue({
        value: [{ entityRef: calm.entityRef, status: inOrder }],
      });
    renderOverview(<GovernancePage />, { entities: [calm], getStatuses });

    expect(await screen.findByRole('alert')).toHaveTextContent(
      'The governance service cannot be reached',
    );
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));

    expect(namesIn(await table())).toEqual(['calm']);
  });

  it.each(['findings', 'freshness'])(
    'shows the other entities where one comes without its %s',
    async member => {
      const answered = async (_: unknown, { body }: RequestInit = {}) =>
        Response.json({
          items: JSON.parse(String(body)).entityRefs.map(
            (entityRef: string, index: number) => ({
              entityRef,
              status: { ...inOrder, ...(index ? {} : { [member]: undefined }) },
            }),
          ),
        });
      const client = new KeeptrustsClient({
        discoveryApi: { getBaseUrl: async id => `http://backstage/api/${id}` },
        fetchApi: { fetch: answered },
      });
      renderOverview(<GovernancePage />, {
        entities: everybody.slice(0, 2),
        getStatuses: (refs, options) => client.getStatuses(refs, options),
      });

      const [, odd, other] = within(await table()).getAllByRole('row');
      expect(odd).toHaveTextContent('calmcomponentUnknown');
      expect(other).toHaveTextContent('hastycomponent · support-teamIn order');
    },
  );

  it('gives no age to an answer for which Keeptrusts was not asked', async () => {
    rendered('/', []);

    await screen.findByText('Nothing that you own has a gateway key');
    expect(screen.queryByText(/Read from Keeptrusts/)).not.toBeInTheDocument();
    expect(screen.getByRole('button', { name: 'Refresh' })).toBeInTheDocument();
  });

  it('awaits one answer at the most, however often one switches', async () => {
    const asked: AbortSignal[] = [];
    renderOverview(<GovernancePage />, {
      entities: everybody,
      getStatuses: (_, options) => {
        const signal = options?.signal;
        asked.push(signal!);
        return new Promise((_resolve, reject) =>
          signal!.addEventListener('abort', () => reject(signal!.reason)),
        );
      },
    });
    const scope = screen.getByRole('switch', {
      name: 'Show all that I may see',
    });

    for (let clicks = 0; clicks < 6; clicks++) {
      await waitFor(() => expect(asked).toHaveLength(clicks + 1));
      await userEvent.click(scope);
    }

    await waitFor(() => expect(asked).toHaveLength(7));
    expect(asked.filter(signal => !signal.aborted)).toHaveLength(1);
  });

  it('finds a name that has an I in a Turkish browser', async () => {
    const lower = jest
      .spyOn(String.prototype, 'toLocaleLowerCase')
      .mockImplementation(function turkish(this: string, locale) {
        return locale ? this.toLowerCase() : this.replace(/I/g, 'ı');
      });
    rendered('/?q=INVOICE', [
      { ...calm, entityRef: 'component:default/invoice', title: 'invoice' },
    ]);

    expect(namesIn(await table())).toHaveLength(1);
    lower.mockRestore();
  });
});
