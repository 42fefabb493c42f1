import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { wholeProgram } from '../../src/cli/whole-program.js';
import { blocksOf, wordsOf } from './blocks.js';
import { readPage } from './pages.js';

// What runs the manifests is not here, but what they run is, and what they refer to must be in them.

interface Service {
  readonly image?: string;
  readonly build?: { readonly dockerfile_inline: string };
  readonly command: readonly string[];
  readonly depends_on?: readonly string[];
  readonly volumes?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly restartPolicy: string;
        readonly containers: readonly {
          readonly name: string;
          readonly image: string;
          readonly command: readonly string[];
          readonly env: readonly {
            readonly name: string;
            readonly valueFrom: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
          }[];
        }[];
      };
    };
  };
}

const page = readPage('docs/scale.md');
const [composeText, jobsText] = blocksOf('docs/scale.md')
  .filter(({ language }) => language === 'yaml')
  .map(({ text }) => text);

function documentsOf(text: string): unknown[] {
  return parseAllDocuments(text).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as unknown;
  });
}

/** Everything behind `npx irqlab` that the page has run, with its own words for what a shell puts in. */
function commandsOfPage(): string[][] {
  const lines = [...page.matchAll(/npx irqlab ([^\n`'#]+)/g)].map(([, rest]) => wordsOf(rest.trim()));
  const [{ services }] = documentsOf(composeText) as [Compose];
  const listed = Object.values(services).map(({ command }) => command);
  return [...lines, ...listed.filter(([program]) => program === 'npx').map(([, , ...words]) => words)];
}

describe('manifests of docs/scale.md', () => {
  test('every command of theirs is one of irqlab, with options and arguments that it has', async () => {
    const all = commandsOfPage();
    expect(all.map(([name]) => name)).toEqual(expect.arrayContaining(['worker', 'explore', 'compare']));
    for (const [name, ...words] of all) {
      // One that is new: each says which options were given to it before.
      const { commands } = await wholeProgram();
      const command = commands.find((one) => one.name() === name);
      if (command === undefined) throw new Error(`there is no command ${name}`);
      const { operands, unknown } = command.exitOverride().parseOptions(words);
      expect({ words, unknown }).toEqual({ words, unknown: [] });
      const most = command.registeredArguments.length;
      const least = command.registeredArguments.filter(({ required }) => required).length;
      expect(operands.length).toBeGreaterThanOrEqual(least);
      expect(operands.length).toBeLessThanOrEqual(most);
      expect(command.getOptionValue('queue')).toEqual(expect.stringMatching(/^(rediss?:\/\/|\$QUEUE|…)/));
    }
  });

  test('compose: what services need is there', () => {
    const [{ services, volumes }] = documentsOf(composeText) as [Compose];
    for (const [name, { image, build, depends_on = [], volumes: mounts = [] }] of Object.entries(services)) {
      expect({ name, from: image ?? build?.dockerfile_inline }).toEqual({ name, from: expect.any(String) });
      for (const needed of depends_on) expect(Object.keys(services)).toContain(needed);
      for (const mount of mounts) expect(Object.keys(volumes)).toContain(mount.split(':')[0]);
    }
    // The address has the name of the service.
    expect(services.worker.command).toContain('redis://redis');
    expect(services.worker.build?.dockerfile_inline).toContain('npm install irqlab bullmq ioredis');
  });

  test('Kubernetes: jobs that take the address from the secret that the page makes', () => {
    const [, secret, key] = /kubectl create secret generic (\S+) --from-literal=(\w+)=/.exec(page) ?? [];
    const jobs = documentsOf(jobsText) as Job[];
    expect(jobs.map(({ metadata }) => metadata.name)).toEqual(['irqlab-workers', 'irqlab-search']);
    for (const { apiVersion, kind, spec } of jobs) {
      expect([apiVersion, kind]).toEqual(['batch/v1', 'Job']);
      const { restartPolicy, containers } = spec.template.spec;
      // Another one is refused of a Job.
      expect(['Never', 'OnFailure']).toContain(restartPolicy);
      for (const { command, env } of containers) {
        expect(env).toEqual([{ name: 'QUEUE', valueFrom: { secretKeyRef: { name: secret, key } } }]);
        expect(command.slice(0, 2)).toEqual(['sh', '-c']);
        expect(command[2]).toMatch(/^exec npx irqlab .*"\$QUEUE"/);
      }
    }
  });
});
