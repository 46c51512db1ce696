import '@backstage/ui/css/styles.css';
import { createApp } from '@backstage/frontend-defaults';
import { createRoot } from 'react-dom/client';
import { home } from './home';
import { signIn } from './signIn';

// The plugins come by discovery (`app.packages: all`): what package.json depends on is what the app shows.
const app = createApp({ features: [home, signIn] });

createRoot(document.getElementById('root')!).render(app.createRoot());
