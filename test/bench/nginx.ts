import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Peer, startPeer } from './peer.ts';
import { freePort } from './ports.ts';

interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** nginx with proxy_cache in front of an origin, one worker on one core, access log on as it is by default. */
export async function startNginx(folder: string, originUrl: string, core: number, tls?: TlsFiles): Promise<Peer> {
  const port = await freePort();
  const tlsPort = tls && (await freePort());
  await mkdir(join(folder, 'cache'), { recursive: true });
  const file = join(folder, 'nginx.conf');
  await writeFile(file, configuration(folder, originUrl, port, tls && tlsPort ? listenTls(tlsPort, tls) : ''));
  const command = ['nginx', '-c', file, '-p', folder];
  return startPeer({ name: 'nginx', command, core, port, ...(tlsPort === undefined ? {} : { tlsPort }) });
}

function listenTls(port: number, { cert, key }: TlsFiles): string {
  return `listen 127.0.0.1:${port} ssl http2; ssl_certificate ${cert}; ssl_certificate_key ${key};`;
}

function configuration(folder: string, originUrl: string, port: number, tls: string): string {
  return `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
worker_rlimit_nofile 65536;
events { worker_connections 20480; }
http {
  access_log ${folder}/access.log;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  keepalive_timeout 600s;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  proxy_cache_path ${folder}/cache keys_zone=hot:10m max_size=1g;
  server {
    listen 127.0.0.1:${port};
    ${tls}
    location / {
      proxy_pass ${originUrl};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache hot;
      proxy_cache_lock on;
      add_header X-Cache $upstream_cache_status;
    }
  }
}
`;
}
