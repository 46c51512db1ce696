export { BudgetMeter } from './BudgetMeter';
export { shareText, spentText } from './budgetText';
