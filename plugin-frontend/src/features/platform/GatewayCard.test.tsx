import { screen } from '@testing-library/react';
import { renderWithApis } from '../../__testUtils__/renderWithApis';
import { NotConfiguredError, PlatformStatus } from '../../api';
import { gatewayEntity } from '../../fixtures/entities';
import { NOW } from '../../fixtures/statuses';
import { failing, impaired, unconfiguredGateway, working } from './fixtures';
import { GatewayCard } from './GatewayCard';

const rendered = (value: PlatformStatus) =>
  renderWithApis(<GatewayCard />, {
    api: { getPlatform: async () => ({ value, observedAt: NOW }) },
  });

describe('GatewayCard', () => {
  beforeEach(() => jest.spyOn(Date, 'now').mockReturnValue(NOW));
  afterEach(() => jest.restoreAllMocks());

  it('shows that the platform works, and what runs there', async () => {
    rendered(working);

    expect(await screen.findByText('Working')).toBeInTheDocument();
    const card = screen.getByRole('region', { name: 'AI gateway' });
    expect(card).toHaveTextContent('GatewayHealthy');
    expect(card).toHaveTextContent('Control planeReady');
    expect(card).toHaveTextContent('Policies loaded14');
    expect(card).toHaveTextContent('Version2.4.1');
    expect(card).toHaveTextContent('for 3 d 4 h');
  });

  it('asks the Keeptrusts of the gateway of this page', async () => {
    const getPlatform = jest.fn().mockResolvedValue({ value: working });
    renderWithApis(<GatewayCard />, {
      api: { getPlatform },
      entity: {
        ...gatewayEntity,
        metadata: {
          ...gatewayEntity.metadata,
          annotations: { 'keeptrusts.dev/instance': 'staging' },
        },
      },
    });
    await screen.findByText('Working');

    expect(getPlatform).toHaveBeenCalledWith(
      expect.objectContaining({ instance: 'staging' }),
    );
  });

  it('shows in the service’s own words what a newer one says', async () => {
    rendered({
      ...working,
      state: 'paused',
      gateway: { ...working.gateway, state: 'warming up' },
      controlPlane: { ...working.controlPlane, state: 'read-only' },
    } as unknown as PlatformStatus);

    for (const word of ['paused', 'warming up', 'read-only'])
      expect(await screen.findByText(word)).toBeInTheDocument();
  });

  it('shows which provider is away, and what it means that the control plane is not ready', async () => {
    rendered(impaired);

    expect(await screen.findByText('Impaired')).toBeInTheDocument();
    expect(screen.getAllByRole('listitem').map(it => it.textContent)).toEqual([
      'anthropicReachable',
      'openaiUnreachable',
    ]);
    expect(
      screen.getByText('Requests still pass; the numbers shown here grow old.'),
    ).toBeInTheDocument();
  });

  it('shows why nothing is known of the gateway', async () => {
    rendered(failing);

    expect(await screen.findByText('Failing')).toBeInTheDocument();
    expect(
      screen.getByText('No connection to the gateway within 2 s.'),
    ).toBeInTheDocument();
    expect(screen.queryByText('Policies loaded')).not.toBeInTheDocument();
  });

  it('tells a gateway that is not configured from one that is down', async () => {
    rendered(unconfiguredGateway);

    expect(await screen.findByText('Not configured')).toBeInTheDocument();
    expect(screen.queryByText('Unreachable')).not.toBeInTheDocument();
  });

  it('shows the gateway’s own word for a provider’s state where it is a new one', async () => {
    rendered({
      ...working,
      gateway: {
        ...working.gateway,
        providers: [{ name: 'openai', state: 'throttled' }],
      },
    });

    expect(await screen.findByText('throttled')).toBeInTheDocument();
  });

  it('shows why it cannot be had', async () => {
    const getPlatform = jest
      .fn()
      .mockRejectedValue(new NotConfiguredError('no proxy'));
    renderWithApis(<GatewayCard />, { api: { getPlatform } });

    expect(await screen.findByRole('alert')).toHaveTextContent(
      'Backstage is not connected to Keeptrusts yet',
    );
  });
});
