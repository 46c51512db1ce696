import { render, screen } from '@testing-library/react';
import { Fact, FactList } from './FactList';

describe('FactList', () => {
  it('ties every value and its small print to its name', () => {
    render(
      <FactList>
        <Fact label="Team" note="since May">
          support-team
        </Fact>
      </FactList>,
    );

    expect(screen.getByRole('term')).toHaveTextContent('Team');
    expect(screen.getAllByRole('definition').map(it => it.textContent)).toEqual(
      ['support-team', 'since May'],
    );
  });
});
