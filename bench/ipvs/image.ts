// SPDX-License-Identifier: Apache-2.0
// A guest's initramfs: the checkout's own xlvs with Node, the programs a director needs, modules of the kernel in
// the order they are inserted in, and an init that starts what the guest is for.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const PROGRAMS = ['ip', 'ipvsadm', 'nsenter']
const FILES = ['/etc/protocols', '/etc/services']
/** What runs in the guest, in dist/, node_modules/ and native/ as they are built here. */
const PACKAGES = ['commander', 'prom-client', 'yaml', 'zod', 'tdigest', 'bintrees', '@opentelemetry/api']

export interface Parts {
  /** an unpacked linux-image package */
  readonly kernel: string
  /** with what they need, and options of some; none: no module */
  readonly modules: readonly string[]
  readonly options?: Readonly<Record<string, string>>
  /** file or folder here, and where it is in /xlvs, the folder that the command is run in */
  readonly copies: readonly (readonly [from: string, to: string])[]
  readonly command: readonly string[]
}

/** Writes the file `initrd`, staging it in the folder `root`. */
export function makeImage(parts: Parts, root: string, initrd: string): void {
  for (const folder of ['proc', 'sys', 'dev', 'run', 'tmp', 'etc', 'modules', 'xlvs/node_modules'])
    mkdirSync(join(root, folder), { recursive: true })
  for (const folder of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(root, 'usr', folder), { recursive: true })
    symlinkSync(`usr/${folder}`, join(root, folder))
  }
  copyPrograms(root)
  copyProduct(root)
  for (const [from, to] of parts.copies) {
    mkdirSync(dirname(join(root, 'xlvs', to)), { recursive: true })
    run('cp', '-r', from, join(root, 'xlvs', to))
  }
  writeFileSync(join(root, 'init'), init(copyModules(parts, root), parts.command), { mode: 0o755 })
  run('mknod', join(root, 'dev/console'), 'c', '5', '1')
  run('sh', '-c', 'cd "$0" && find . | sort | cpio -o -H newc --quiet >"$1"', root, initrd)
}

function init(inserts: readonly string[], command: readonly string[]): string {
  const mounts = [
    'proc proc /proc',
    'sysfs sys /sys',
    'devtmpfs dev /dev',
    'bpf bpf /sys/fs/bpf',
    'tmpfs run /run',
  ]
  return [
    '#!/bin/busybox sh',
    '/bin/busybox --install -s /bin',
    'export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/',
    ...mounts.map((words) => `mount -t ${words}`),
    ...inserts.map((words) => `insmod ${words}`),
    'ip link set lo up',
    'cd /xlvs',
    command.map((word) => `'${word}'`).join(' '),
    'poweroff -f',
    '',
  ].join('\n')
}

function copyPrograms(root: string): void {
  const paths = PROGRAMS.map((name) =>
    run('sh', '-c', `PATH=$PATH:/usr/sbin:/sbin command -v ${name}`).trim(),
  )
  const node = realpathSync(process.execPath)
  const addon = 'native/build/Release/libbpf_ts.node'
  const libraries = run('ldd', node, ...paths, addon).match(/(?<=\s)\/[^\s:]+(?= \()/g) ?? []
  run('cp', '-L', '--parents', ...new Set([...paths, ...libraries]), ...FILES.filter(existsSync), root)
  run('cp', '-L', node, join(root, 'usr/bin/node'))
  run('cp', '-L', run('sh', '-c', 'command -v busybox').trim(), join(root, 'usr/bin/busybox'))
}

function copyProduct(root: string): void {
  const modules = join(root, 'xlvs/node_modules')
  run('cp', '-r', 'bin', 'dist', 'package.json', join(root, 'xlvs'))
  for (const name of PACKAGES) run('sh', '-c', 'cd node_modules && cp -rL --parents "$0" "$1"', name, modules)
  const native = join(modules, 'libbpf-ts')
  mkdirSync(join(native, 'build/Release'), { recursive: true })
  run('cp', '-r', 'native/dist', 'native/package.json', native)
  run('cp', 'native/build/Release/libbpf_ts.node', join(native, 'build/Release'))
}

/** Copies them unpacked, returns what insmod is to be told, in order. */
function copyModules({ kernel, modules, options = {} }: Parts, root: string): readonly string[] {
  if (modules.length === 0) return []
  const [release] = readdirSync(join(kernel, 'lib/modules'))
  if (release === undefined)
    throw new Error(`${kernel}/lib/modules is empty: remove that folder and run this again`)
  if (!existsSync(join(kernel, 'lib/modules', release, 'modules.dep.bin')))
    run('depmod', '-b', kernel, release)
  const plan = run('modprobe', '-d', kernel, '-S', release, '--show-depends', '-a', ...modules)
  const files = [...new Set([...plan.matchAll(/^insmod (\S+)/gm)].map((match) => match[1] as string))]
  return files.map((file) => {
    const name = (file.split('/').at(-1) as string).replace(/\.ko(?:\.xz)?$/, '')
    run(
      'sh',
      '-c',
      'case "$0" in *.xz) xz -dc "$0" ;; *) cat "$0" ;; esac >"$1"',
      file,
      join(root, 'modules', name),
    )
    return [`/modules/${name}`, options[name]].filter(Boolean).join(' ')
  })
}

function run(program: string, ...args: readonly string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const said = String((error as { stderr?: string }).stderr ?? error).trim()
    throw new Error(`${program} ${args.slice(0, 3).join(' ')}: ${said.split('\n')[0]}`)
  }
}
