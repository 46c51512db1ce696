import { ToggleButton, ToggleButtonGroup } from '@backstage/ui';
import { RiBarChartLine, RiTableLine } from '@remixicon/react';
import { useSearchParams } from 'react-router-dom';
import { useWords } from '../translations';
import styles from './ViewChoice.module.css';

/** Whether the address asks for the table in place of the chart: `?view=table` where `parameter` is `view`. */
export function useAsTable(
  parameter: string,
): [asTable: boolean, choose: (asTable: boolean) => void] {
  const [parameters, setParameters] = useSearchParams();
  return [
    parameters.get(parameter) === 'table',
    asTable =>
      setParameters(
        now => {
          now.set(parameter, asTable ? 'table' : 'chart');
          return now;
        },
        { replace: true },
      ),
  ];
}

/** The choice between a chart and a table with the same numbers; `label` names what is shown. */
export function ViewChoice({
  label,
  asTable,
  onChoose,
}: {
  label: string;
  asTable: boolean;
  onChoose: (asTable: boolean) => void;
}) {
  const { t } = useWords();
  return (
    <ToggleButtonGroup
      className={styles.choice}
      aria-label={label}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[asTable ? 'table' : 'chart']}
      onSelectionChange={keys => onChoose(keys.has('table'))}
    >
      <ToggleButton id="chart" iconStart={<RiBarChartLine aria-hidden />}>
        {t('spend.view.chart')}
      </ToggleButton>
      <ToggleButton id="table" iconStart={<RiTableLine aria-hidden />}>
        {t('spend.view.table')}
      </ToggleButton>
    </ToggleButtonGroup>
  );
}
