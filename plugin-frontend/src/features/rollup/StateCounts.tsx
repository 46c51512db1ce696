import { RollUp } from '../../api';
import { useWords } from '../../translations';
import {
  governanceStateLabel,
  governanceStateTone,
  StateBadge,
} from '../../ui/StateBadge';
import { STATES } from '../overview/tableQuery';
import styles from './RollUp.module.css';

/** How many members are in each state, worst first; a state that none is in is left out. */
export function StateCounts({ states }: Pick<RollUp, 'states'>) {
  const { t, count } = useWords();
  return (
    <ul className={styles.states} aria-label={t('rollUp.states.label')}>
      {STATES.filter(state => states[state]).map(state => (
        <li key={state}>
          <StateBadge
            small
            tone={governanceStateTone(state)}
            label={t('rollUp.states.entry', {
              state: governanceStateLabel(t, state),
              number: count(states[state]!),
            })}
          />
        </li>
      ))}
    </ul>
  );
}
