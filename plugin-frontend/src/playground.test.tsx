import { act, screen, within } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';

/** The app's configuration, as the builder puts it in place of this variable; a real one holds text alone. */
process.env = {
  ...process.env,
  APP_CONFIG: [
    {
      context: 'playground',
      data: {
        app: { title: 'Playground', baseUrl: 'http://localhost' },
        backend: { baseUrl: 'http://localhost:7007' },
      },
    },
  ] as never,
};

describe('the playground', () => {
  it('shows the page, by its own navigation, and the home card', async () => {
    document.body.innerHTML = '<div id="root"></div>';
    window.history.replaceState(null, '', '/compact');
    await import('../dev');

    const navigation = await screen.findByRole(
      'navigation',
      {},
      { timeout: 30_000 },
    );
    await userEvent.click(
      within(navigation).getByRole('link', { name: 'AI Governance' }),
    );
    expect(
      await screen.findByRole('grid', { name: 'AI Governance by entity' }),
    ).toBeInTheDocument();

    act(() => {
      window.history.pushState(null, '', '/home');
      window.dispatchEvent(new PopStateEvent('popstate'));
    });
    expect(
      await screen.findAllByText('AI Governance: what needs my attention'),
    ).not.toEqual([]);
  }, 60_000);
});
