import { render, screen } from '@testing-library/react';
import { CardFrame } from './CardFrame';

describe('CardFrame', () => {
  it('is found by its title, with its badge, content and footer', () => {
    render(
      <CardFrame title="Title" badge={<i>badge</i>} footer={<i>footer</i>}>
        content
      </CardFrame>,
    );

    expect(screen.getByRole('region', { name: 'Title' })).toHaveTextContent(
      'Titlebadgecontentfooter',
    );
  });
});
