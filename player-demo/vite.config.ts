import preact from '@preact/preset-vite';
import { defineConfig } from 'vite';

const CONTROL = 'http://127.0.0.1:8080';

/** The console and player: static files that `control` serves at `/`, and that any other static server could. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  plugins: [preact()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // Data URLs would need a wider content security policy than `'self'`.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { '/v1': { target: CONTROL, ws: true }, '/docs': CONTROL } },
});
