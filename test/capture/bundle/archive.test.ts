import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { packTar } from 'modern-tar';
import { isArchive, readArchive } from '../../../src/capture/bundle/archive.js';
import { UsageError } from '../../../src/command/usage-error.js';
import { runs } from '../../support/long.js';

type Entry = Parameters<typeof packTar>[0][number];

const file = (name: string, body: string): Entry => ({ header: { name, size: body.length }, body });
const link = (name: string, linkname: string): Entry => ({
  header: { name, size: 0, type: 'symlink', linkname },
});

/** `proc/interrupts` with the text `CPU0`, packed by xz 5.4. */
const xz = Buffer.from(
  '/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4Cf/AHJdADgciiGnQNCz6gzdKZZjc14i/IhYMiRbPWUL66hOQ8bX4bKko8xrD3gRCeeWogC8p4SZh6vxZYFwGO7s7pssNpQsbTR09kRPk58Ed2qKBUWtH1qM7RgjTVrKQ44eoObSFeGITWqjarGjbpiS6iER3+xzAAAAAEVHT2GVaZIqAAGOAYBQAABOEGpbscRn+wIAAAAABFla',
  'base64',
);

describe('archives of recordings', () => {
  test('files by their paths, packed by gzip or not; links lead within the archive', async () => {
    const tar = await packTar([
      file('a/proc/interrupts', 'table'),
      link('a/sys/one', 'devices/real'),
      file('a/sys/devices/real/cpu', '3\n'),
      link('a/sys/loop', 'loop'),
      link('a/sys/away', '../../../../etc'),
      file('a/home/secret', 'not looked at'),
    ]);
    for (const bytes of [tar, gzipSync(tar)]) {
      expect(isArchive(bytes)).toBe(true);
      const files = await readArchive('a.tar.gz', [bytes]);
      expect([...files.files()]).toEqual(['/a/proc/interrupts', '/a/sys/devices/real/cpu']);
      expect(files.number('/a/sys/one/cpu')).toBe(3);
      expect(files.linkName('/a/sys/one')).toBe('real');
      expect(files.text('/a/sys/loop/x')).toBeUndefined();
      expect(files.text('/a/sys/away/passwd')).toBeUndefined();
    }
  });

  test('packed by xz', async () => {
    expect((await readArchive('a.tar.xz', [xz])).text('/proc/interrupts')).toBe('CPU0\n');
  });

  test.each(['../proc/interrupts', '/proc/interrupts', 'a/../../proc/x'])(
    'a path that leads out of the archive is refused: %s',
    async (path) => {
      const tar = await packTar([file('proc/interrupts', 'x'), file(path, 'y')]);
      await expect(readArchive('evil.tar', [tar])).rejects.toThrow(
        /^evil.tar: the archive has paths that lead out of it, such as /,
      );
    },
  );

  test('a file that says it is longer than its archive is refused', async () => {
    const tar = Buffer.from(await packTar([file('proc/interrupts', 'x')]));
    tar.write('77777777777', 124, 'latin1');
    let sum = 256;
    for (let at = 0; at < 512; at++) if (at < 148 || at >= 156) sum += tar[at];
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    await expect(readArchive('big.tar', [tar])).rejects.toThrow(
      /^big.tar: the tar archive is cut or damaged: /,
    );
  });

  test('bombs are refused soon: what is no archive at its first block, what is one by how it is packed', async () => {
    await expect(readArchive('zeros.gz', [gzipSync(Buffer.alloc(8 << 20))])).rejects.toThrow(
      /^zeros.gz: expected a tar archive, packed by gzip or xz or not$/,
    );
    const tar = Buffer.from(await packTar([file('proc/interrupts', 'x'.repeat(66 << 20))]));
    await expect(readArchive('bomb.gz', [gzipSync(tar)])).rejects.toThrow(
      /^bomb.gz: it unpacks to more than 200 times its length, as no recording does$/,
    );
  }, 30_000);

  test('cut archives are said to be cut', async () => {
    const packed = gzipSync(await packTar([file('proc/interrupts', 'x'.repeat(5000))]));
    await expect(readArchive('cut.tar.gz', [packed.subarray(0, 60)])).rejects.toThrow(
      /^cut.tar.gz: gzip cannot unpack it, it is cut or damaged/,
    );
    await expect(readArchive('cut.tar.xz', [xz.subarray(0, 60)])).rejects.toThrow(
      /^cut.tar.xz: xz cannot unpack it, it is cut or damaged/,
    );
  });

  test('bytes that are changed at random end in files or in a sentence', async () => {
    const tar = await packTar([
      file('proc/interrupts', 'x'.repeat(700)),
      link('sys/a', 'b'),
      file(`sys/${'long/'.repeat(40)}name`, 'y'),
    ]);
    const packed = gzipSync(tar);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(tar, packed, xz),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.option(fc.nat(), { nil: undefined }),
        async (whole, changes, cut) => {
          const bytes = Buffer.from(whole);
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          const cutBytes = cut === undefined ? bytes : bytes.subarray(0, cut % bytes.length);
          try {
            await readArchive('fuzzed', [cutBytes]);
          } catch (error) {
            expect(error).toBeInstanceOf(UsageError);
          }
        },
      ),
      { numRuns: runs(1000, 200) },
    );
  }, 60_000);
});
