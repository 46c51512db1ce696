import { Button, SearchField, Switch, ToggleButton } from '@backstage/ui';
import { RefObject, useEffect, useRef, useState } from 'react';
import { GovernanceState } from '../../api';
import { GovernedEntity } from '../../api/governedEntities';
import { stateOf } from '../../api/states';
import { useWords } from '../../translations';
import { governanceStateLabel } from '../../ui/StateBadge';
import styles from './GovernancePage.module.css';
import { isFiltered, STATES, TableQuery } from './tableQuery';

/** What narrows the table: words, and states with how many entities are in each. */
export function Filters(props: {
  query: TableQuery;
  /** What the words leave, of which the states are counted. */
  found: readonly GovernedEntity[];
  onChange: (change: Partial<TableQuery>) => void;
}) {
  const { query, found, onChange } = props;
  const { t } = useWords();
  const field = useRef<HTMLDivElement>(null);
  const [text, setText] = useState(query.search);
  useEffect(() => {
    // The address changes with every key, perhaps later than the next one: it must not overtake the typing.
    if (!field.current?.contains(document.activeElement)) setText(query.search);
  }, [query.search]);
  const clear = () => {
    setText('');
    onChange({ search: '', states: [] });
    // The button goes with what it clears, and must not take the keyboard's place on the page with it.
    field.current?.querySelector('input')?.focus();
  };
  return (
    <div className={styles.filters}>
      <Search
        field={field}
        text={text}
        onType={typed => {
          setText(typed);
          onChange({ search: typed });
        }}
      />
      <StateChoice
        chosen={query.states}
        found={found}
        onChoose={states => onChange({ states })}
      />
      {isFiltered(query) && (
        <Button size="small" variant="tertiary" onPress={clear}>
          {t('overview.filter.clear')}
        </Button>
      )}
    </div>
  );
}

/** Whether all are shown or only the viewer's own. */
export function ScopeSwitch({
  scope,
  onChange,
}: {
  scope: TableQuery['scope'];
  onChange: (scope: TableQuery['scope']) => void;
}) {
  const { t } = useWords();
  return (
    <Switch
      label={t('overview.filter.all')}
      isSelected={scope === 'all'}
      onChange={all => onChange(all ? 'all' : 'owned')}
    />
  );
}

function Search(props: {
  field: RefObject<HTMLDivElement>;
  text: string;
  onType: (text: string) => void;
}) {
  const { field, text, onType } = props;
  const { t } = useWords();
  return (
    <SearchField
      ref={field}
      aria-label={t('overview.filter.search')}
      placeholder={t('overview.filter.search')}
      className={styles.search}
      value={text}
      onChange={onType}
    />
  );
}

function StateChoice(props: {
  chosen: readonly GovernanceState[];
  found: readonly GovernedEntity[];
  onChoose: (states: GovernanceState[]) => void;
}) {
  const { chosen, found, onChoose } = props;
  const { t, count: countText } = useWords();
  const count = (state: GovernanceState) =>
    found.filter(entity => stateOf(entity) === state).length;
  // A state that nothing is in leads nowhere; but one that is chosen has to be there to be let go.
  const states = STATES.filter(
    state => count(state) > 0 || chosen.includes(state),
  );
  if (!states.length) return null;
  return (
    <div
      role="group"
      aria-label={t('overview.filter.states')}
      className={styles.states}
    >
      {states.map(state => (
        <ToggleButton
          key={state}
          isSelected={chosen.includes(state)}
          onChange={selected =>
            onChoose(
              STATES.filter(it =>
                it === state ? selected : chosen.includes(it),
              ),
            )
          }
        >
          {t('overview.filter.state', {
            state: governanceStateLabel(t, state),
            number: countText(count(state)),
          })}
        </ToggleButton>
      ))}
    </div>
  );
}
