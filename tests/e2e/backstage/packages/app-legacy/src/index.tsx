import '@backstage/ui/css/styles.css';
import * as plugin from 'backstage-plugin-keeptrusts/legacy';
import { createRoot } from 'react-dom/client';
import { createLegacyApp } from './createLegacyApp';

const App = createLegacyApp(plugin);

createRoot(document.getElementById('root')!).render(<App />);
