import { Text } from '@backstage/ui';
import { useMemo } from 'react';
import { RollUpSharedKey } from '../../api';
import { useWords } from '../../translations';
import { CardFrame } from '../../ui/CardFrame';
import { DataColumn, DataTable } from '../../ui/DataTable';
import { EntityName } from '../overview/EntityName';
import { entityOf } from './member';
import styles from './RollUp.module.css';

/** The keys that several members claim, and which ones. */
export function SharedKeys({ keys }: { keys: readonly RollUpSharedKey[] }) {
  const { t } = useWords();
  const columns = useMemo(
    (): DataColumn<RollUpSharedKey>[] => [
      {
        id: 'key',
        label: t('rollUp.shared.key'),
        rowHeader: true,
        render: ({ key }) => key,
      },
      {
        id: 'team',
        label: t('rollUp.shared.team'),
        render: ({ team }) => team ?? t('overview.nothing'),
      },
      {
        id: 'members',
        label: t('rollUp.shared.members'),
        wide: true,
        render: ({ members }) =>
          members.map(entityRef => (
            <span key={entityRef} className={styles.line}>
              <EntityName entity={entityOf({ entityRef })} />
            </span>
          )),
      },
    ],
    [t],
  );
  return (
    <CardFrame title={t('rollUp.shared.heading')}>
      <Text
        as="p"
        variant="body-small"
        color="secondary"
        className={styles.text}
      >
        {t('rollUp.shared.note')}
      </Text>
      <DataTable
        label={t('rollUp.shared.heading')}
        columns={columns}
        rows={keys}
        idOf={idOf}
      />
    </CardFrame>
  );
}

/** Two teams may each have a key of one name. */
const idOf = ({ key, team }: RollUpSharedKey) => `${team}/${key}`;
