import { screen } from '@testing-library/react';
import { renderWithApis } from '../__testUtils__/renderWithApis';
import { ExternalLink } from './ExternalLink';

const { canParse } = URL;

describe('ExternalLink', () => {
  afterEach(() => Object.assign(URL, { canParse }));

  it('opens a web page in a new tab that knows nothing of this one', () => {
    renderWithApis(
      <ExternalLink href="https://console.example.com/settings">
        Console
      </ExternalLink>,
    );

    const link = screen.getByRole('link', {
      name: 'Console, opens in a new tab',
    });
    expect(link).toHaveAttribute(
      'href',
      'https://console.example.com/settings',
    );
    expect(link).toHaveAttribute('target', '_blank');
    expect(link).toHaveAttribute('rel', 'noopener noreferrer');
  });

  it('is a link in a browser that has no URL.canParse', () => {
    Object.assign(URL, { canParse: undefined });
    renderWithApis(
      <ExternalLink href="https://console.example.com">Console</ExternalLink>,
    );

    expect(screen.getByRole('link')).toHaveTextContent('Console');
  });

  it.each([
    // eslint-disable-next-line no-script-url -- the very address that must not become a link
    'javascript:alert(1)',
    'data:text/html,x',
    'not an address',
    '',
    null,
    undefined,
  ])('makes no link of %s', href => {
    renderWithApis(<ExternalLink href={href}>Console</ExternalLink>);

    expect(screen.getByText('Console')).toBeInTheDocument();
    expect(screen.queryByRole('link')).not.toBeInTheDocument();
  });
});
