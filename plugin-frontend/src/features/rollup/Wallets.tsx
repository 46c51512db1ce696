import { useMemo } from 'react';
import { TeamWallet } from '../../api';
import { useWords } from '../../translations';
import { CardFrame } from '../../ui/CardFrame';
import { DataColumn, DataTable } from '../../ui/DataTable';
import { WalletStateBadge } from '../../ui/StateBadge';

/** What the wallets of the members' teams still hold, each team once. */
export function Wallets({ wallets }: { wallets: readonly TeamWallet[] }) {
  const { t, money } = useWords();
  const columns = useMemo(
    (): DataColumn<TeamWallet>[] => [
      {
        id: 'team',
        label: t('rollUp.wallets.team'),
        rowHeader: true,
        render: ({ team }) => team,
      },
      {
        id: 'available',
        label: t('rollUp.wallets.available'),
        numeric: true,
        render: ({ available }) => money(available),
      },
      {
        id: 'state',
        label: t('rollUp.wallets.state'),
        render: ({ state }) => <WalletStateBadge state={state} />,
      },
    ],
    [t, money],
  );
  return (
    <CardFrame title={t('rollUp.wallets.heading')}>
      <DataTable
        label={t('rollUp.wallets.heading')}
        columns={columns}
        rows={wallets}
        idOf={teamOf}
      />
    </CardFrame>
  );
}

const teamOf = ({ team }: TeamWallet) => team;
