import '@backstage/ui/css/styles.css';
import { createApp } from '@backstage/frontend-defaults';
import { createRoot } from 'react-dom/client';
import { home } from '../../app/src/home';
import { signIn } from '../../app/src/signIn';
import { dynamicFeatures } from './dynamicFeatures';

// It depends on no plugin of ours: what it shows comes at run time.
const app = createApp({ features: [home, signIn, dynamicFeatures] });

createRoot(document.getElementById('root')!).render(app.createRoot());
