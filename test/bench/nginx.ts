import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, reachable } from './ports.ts';

export interface Peer {
  readonly url: string;
  /** Of the process whose children, if any, do the work. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** nginx with proxy_cache in front of an origin, one worker on one core, access log on as it is by default. */
export async function startNginx(folder: string, originUrl: string, core: number): Promise<Peer> {
  const port = await freePort();
  await mkdir(join(folder, 'cache'), { recursive: true });
  await writeFile(join(folder, 'nginx.conf'), configuration(folder, originUrl, port));
  const nginx = spawn('taskset', ['-c', `${core}`, 'nginx', '-c', join(folder, 'nginx.conf'), '-p', folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  await reachable(port);
  return {
    url,
    pid: nginx.pid ?? 0,
    async stop() {
      nginx.kill('SIGTERM');
      if (nginx.exitCode === null) await once(nginx, 'exit');
    },
  };
}

function configuration(folder: string, originUrl: string, port: number): string {
  return `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 1024; }
http {
  access_log ${folder}/access.log;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  proxy_cache_path ${folder}/cache keys_zone=hot:10m max_size=1g;
  server {
    listen 127.0.0.1:${port};
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
