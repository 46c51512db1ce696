import { useRouteRef } from '@backstage/core-plugin-api';
import {
  entityRouteParams,
  entityRouteRef,
} from '@backstage/plugin-catalog-react';
import { Button, Link, Text } from '@backstage/ui';
import { ReactNode, useMemo, useState } from 'react';
import {
  Coverage,
  IdleWallet,
  SharedKey,
  SilentConsumer,
  UnclaimedKey,
  UnknownKey,
} from '../../api';
import { useWords, Words } from '../../translations';
import { CopyableCode } from '../../ui/CopyableCode';
import { DataColumn, DataTable } from '../../ui/DataTable';
import styles from './CoverageContent.module.css';

/** How many rows of a list are shown at first. */
export const ROWS_AT_FIRST = 10;

/** Whether nothing of what was spent stands nowhere, and that is certain. */
export const isAllClaimed = ({ complete, total, unclaimedKeys }: Coverage) =>
  complete && Boolean(total) && !unclaimedKeys.length;

/** What stands nowhere, a section a kind; one with nothing in it is left out. */
export function CoverageLists({ coverage }: { coverage: Coverage }) {
  const words = useWords();
  const { t } = words;
  const { truncated } = coverage;
  const columns = useMemo(() => columnsIn(words), [words]);
  return (
    <>
      <List
        heading={t('coverage.unclaimedKeys.heading')}
        description={t('coverage.unclaimedKeys.description')}
        columns={columns.unclaimedKeys}
        rows={coverage.unclaimedKeys}
        leftOut={truncated.unclaimedKeys}
        idOf={({ key, keyId, team }) => JSON.stringify([key, keyId, team])}
      />
      <List
        heading={t('coverage.unknownKeys.heading')}
        description={t('coverage.unknownKeys.description')}
        columns={columns.unknownKeys}
        rows={coverage.unknownKeys}
        leftOut={truncated.unknownKeys}
        idOf={({ entityRef }) => entityRef}
      />
      <List
        heading={t('coverage.sharedKeys.heading')}
        description={t('coverage.sharedKeys.description')}
        columns={columns.sharedKeys}
        rows={coverage.sharedKeys}
        leftOut={truncated.sharedKeys}
        idOf={({ key, team }) => JSON.stringify([key, team])}
      />
      <List
        heading={t('coverage.silentConsumers.heading')}
        description={t('coverage.silentConsumers.description')}
        columns={columns.silentConsumers}
        rows={coverage.silentConsumers}
        leftOut={truncated.silentConsumers}
        idOf={({ entityRef }) => entityRef}
      />
      <List
        heading={t('coverage.idleWallets.heading')}
        description={t('coverage.idleWallets.description')}
        columns={columns.idleWallets}
        rows={coverage.idleWallets}
        leftOut={truncated.idleWallets}
        idOf={({ team }) => team}
      />
    </>
  );
}

function List<T extends object>(props: {
  heading: string;
  description: string;
  columns: readonly DataColumn<T>[];
  rows: readonly T[];
  /** How many more there are than the service listed. */
  leftOut: number;
  idOf: (row: T) => string;
}) {
  const { heading, description, columns, rows, leftOut, idOf } = props;
  const { t, count } = useWords();
  const [all, setAll] = useState(false);
  if (!rows.length) return null;
  const shown = all ? rows : rows.slice(0, ROWS_AT_FIRST);
  return (
    <section aria-label={heading} className={styles.section}>
      <Text as="h3" variant="title-x-small">
        {heading}
      </Text>
      <Text as="p" variant="body-small" color="secondary">
        {description}
      </Text>
      <div className={styles.table}>
        <DataTable label={heading} columns={columns} rows={shown} idOf={idOf} />
      </div>
      {rows.length > ROWS_AT_FIRST && (
        // It stays where it is, so that the keyboard's place is not lost.
        <Button
          size="small"
          variant="secondary"
          className={styles.more}
          aria-expanded={all}
          onPress={() => setAll(!all)}
        >
          {all
            ? t('coverage.fewer')
            : t('coverage.all', {
                count: rows.length,
                number: count(rows.length),
              })}
        </Button>
      )}
      {leftOut > 0 && (
        <Text as="p" variant="body-small" color="secondary">
          {t('coverage.leftOut', { count: leftOut, number: count(leftOut) })}
        </Text>
      )}
    </section>
  );
}

interface Columns {
  unclaimedKeys: DataColumn<UnclaimedKey>[];
  unknownKeys: DataColumn<UnknownKey>[];
  sharedKeys: DataColumn<SharedKey>[];
  silentConsumers: DataColumn<SilentConsumer>[];
  idleWallets: DataColumn<IdleWallet>[];
}

function columnsIn(words: Words): Columns {
  const { t, money, count } = words;
  const key = t('coverage.column.key');
  const team = t('coverage.column.team');
  const spent = t('coverage.column.spent');
  const owner = t('coverage.column.owner');
  const entity = t('coverage.column.entity');
  const nothing = t('overview.nothing');
  return {
    unclaimedKeys: [
      {
        id: 'key',
        label: key,
        rowHeader: true,
        render: row => <Name>{keyName(words, row)}</Name>,
      },
      {
        id: 'team',
        label: team,
        render: row => <Name>{row.team ?? nothing}</Name>,
      },
      {
        id: 'spent',
        label: spent,
        numeric: true,
        render: row => money(row.spent),
      },
      {
        id: 'requests',
        label: t('coverage.column.requests'),
        numeric: true,
        render: row => count(row.requests),
      },
      {
        id: 'owner',
        label: t('coverage.column.likelyOwner'),
        render: row => <Entity entityRef={row.likelyOwner} />,
      },
      {
        id: 'annotation',
        label: t('coverage.column.annotation'),
        wide: true,
        render: row =>
          row.annotation ? (
            <div className={styles.line}>
              <CopyableCode
                code={row.annotation}
                label={t('coverage.annotationOf', { key: row.key ?? '' })}
              />
            </div>
          ) : (
            t('coverage.noAnnotation')
          ),
      },
    ],
    unknownKeys: [
      {
        id: 'entity',
        label: entity,
        rowHeader: true,
        render: row => <Entity entityRef={row.entityRef} />,
      },
      { id: 'key', label: key, render: row => <Name>{row.key}</Name> },
      {
        id: 'owner',
        label: owner,
        render: row => <Entity entityRef={row.owner} />,
      },
      {
        id: 'why',
        label: t('coverage.column.why'),
        render: row =>
          row.state === 'not-found'
            ? t('coverage.notFound')
            : t('coverage.notOwned'),
      },
    ],
    sharedKeys: [
      {
        id: 'key',
        label: key,
        rowHeader: true,
        render: row => <Name>{row.key}</Name>,
      },
      {
        id: 'team',
        label: team,
        render: row => <Name>{row.team ?? nothing}</Name>,
      },
      {
        id: 'spent',
        label: spent,
        numeric: true,
        render: row => money(row.spent),
      },
      {
        id: 'members',
        label: t('coverage.column.entities'),
        wide: true,
        render: row => <Members row={row} />,
      },
    ],
    silentConsumers: [
      {
        id: 'entity',
        label: entity,
        rowHeader: true,
        render: row => <Entity entityRef={row.entityRef} />,
      },
      {
        id: 'owner',
        label: owner,
        render: row => <Entity entityRef={row.owner} />,
      },
    ],
    idleWallets: [
      {
        id: 'team',
        label: team,
        rowHeader: true,
        render: row => <Name>{row.team}</Name>,
      },
      {
        id: 'available',
        label: t('coverage.column.available'),
        numeric: true,
        render: row => money(row.available),
      },
    ],
  };
}

/** What a row is called: a key by its name, or why it has none. */
function keyName({ t }: Words, { key, keyId }: UnclaimedKey): string {
  if (key) return key;
  return keyId
    ? t('coverage.deletedKey', { id: keyId })
    : t('coverage.withoutKey');
}

const Name = ({ children }: { children: ReactNode }) => (
  <span className={styles.name}>{children}</span>
);

/** An entity by its reference, which leads to its page. */
function Entity({ entityRef }: { entityRef?: string | null }) {
  const { t } = useWords();
  const routeTo = useRouteRef(entityRouteRef);
  if (!entityRef) return <>{t('overview.nothing')}</>;
  return (
    <Link
      href={routeTo(entityRouteParams(entityRef))}
      variant="body-medium"
      className={styles.name}
    >
      {entityRef}
    </Link>
  );
}

function Members({ row: { members, membersCount } }: { row: SharedKey }) {
  const { t, count } = useWords();
  const more = membersCount - members.length;
  return (
    <span className={styles.names}>
      {members.map(it => (
        <Entity key={it} entityRef={it} />
      ))}
      {more > 0 && t('coverage.leftOut', { count: more, number: count(more) })}
    </span>
  );
}
