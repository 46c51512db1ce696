import '@testing-library/jest-dom';
import { configure } from '@testing-library/react';

// Whole tables and charts are rendered, perhaps on a machine that has much else to do: what comes late still comes.
configure({ asyncUtilTimeout: 10_000 });
jest.setTimeout(30_000);
