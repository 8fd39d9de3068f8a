import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A file system in memory that is as small as a test wants, and can be given more room while it is in use. */
export class SmallDisk {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** `room` in the words of tmpfs(5), such as `size=4m`. Mounted over `folder`, or over one of its own. */
  static async mount(room: string, folder?: string): Promise<SmallDisk> {
    const place = folder ?? (await mkdtemp(join(tmpdir(), 'frontrow-disk-')));
    await mkdir(place, { recursive: true });
    await run('mount', ['-t', 'tmpfs', '-o', room, 'frontrow-test', place]);
    return new SmallDisk(place);
  }

  /** Why there can be none here; undefined when there can. */
  static async missing(): Promise<string | undefined> {
    try {
      await (await SmallDisk.mount('size=1m')).unmount();
      return undefined;
    } catch (cause) {
      return `a file system can only be mounted by root: ${(cause as Error).message.split('\n')[0]}`;
    }
  }

  async resize(room: string): Promise<void> {
    await run('mount', ['-o', `remount,${room}`, this.folder]);
  }

  async unmount(): Promise<void> {
    await run('umount', ['-l', this.folder]);
    await rm(this.folder, { recursive: true, force: true });
  }
}
