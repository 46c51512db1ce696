export { SpendChart } from './SpendChart';
export type { SpendChartProps } from './SpendChart';
export {
  formatBound,
  formatDay,
  formatDayInFull,
  remarksOn,
} from './spendLabels';
export type { Certainty } from './spendLabels';
export { shareOf, spendSeriesOf } from './spendSeries';
export type { SpendDay, SpendSeries } from './spendSeries';
