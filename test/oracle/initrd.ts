// SPDX-License-Identifier: Apache-2.0
// An initramfs that holds what the guest's agent needs and no more: Python with the modules it imports, the programs
// scenarios run, the libraries of all of them, and the kernel's modules for IPVS and its surroundings.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { guestFolder, OracleError } from './guest.js'

const PYTHON = '/usr/bin/python3'
const PROGRAMS = 'sh cat sleep ip tc ethtool ipvsadm modprobe iptables-legacy ip6tables-legacy'.split(' ')
const FILES = ['/etc/protocols', '/etc/services', '/etc/nsswitch.conf']
const MODULES =
  'veth dummy virtio_blk virtio_pci ip_vs_ftp ip_tunnel ip6_tunnel ipip gre fou sit sch_ingress cls_bpf xt_multiport'.split(
    ' ',
  )

/** Writes the file `initrd`, staging it in the folder `root`. */
export function makeInitrd(kernel: string, root: string, initrd: string): void {
  for (const folder of ['proc', 'sys', 'dev', 'run', 'tmp', 'etc', 'guest'])
    mkdirSync(join(root, folder), { recursive: true })
  for (const folder of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(root, 'usr', folder), { recursive: true })
    symlinkSync(`usr/${folder}`, join(root, folder))
  }
  const programs = PROGRAMS.map(pathOf).filter((path) => path !== undefined)
  copy(root, [
    ...withLibraries([PYTHON, ...programs]),
    ...withLibraries(pythonFiles()),
    ...xtables(),
    ...FILES,
  ])
  run('cp', [...pythonSources(), join(root, 'guest')])
  copyModules(kernel, root)
  writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n')
  writeFileSync(join(root, 'etc/resolv.conf'), 'nameserver 127.0.0.1\n')
  run('mknod', [join(root, 'dev/console'), 'c', '5', '1'])
  run('sh', ['-c', 'cd "$0" && find . | cpio -o -H newc --quiet >"$1"', root, initrd])
}

function pathOf(program: string): string | undefined {
  return ['/usr/sbin', '/usr/bin', '/sbin', '/bin'].map((folder) => join(folder, program)).find(existsSync)
}

function pythonSources(): readonly string[] {
  const folder = guestFolder()
  return readdirSync(folder)
    .filter((name) => name.endsWith('.py'))
    .map((name) => join(folder, name))
}

/** Files of the standard library that the agent has loaded once it is imported, and once text was encoded. */
function pythonFiles(): readonly string[] {
  const code =
    'import agent, sys, encodings.ascii, encodings.latin_1, encodings.utf_8, encodings.idna\n' +
    'print("\\n".join({m.__file__ for m in list(sys.modules.values()) if getattr(m, "__file__", None)}))'
  const environment = { ...process.env, PYTHONPATH: guestFolder(), PYTHONDONTWRITEBYTECODE: '1' }
  const found = execFileSync(PYTHON, ['-S', '-c', code], { encoding: 'utf8', env: environment })
  return found.split('\n').filter((path) => path !== '' && !path.startsWith(guestFolder()))
}

function withLibraries(paths: readonly string[]): readonly string[] {
  const binaries = paths.filter((path) => !path.endsWith('.py'))
  const found = binaries.length === 0 ? '' : libraries(binaries)
  return [...new Set([...paths, ...(found.match(/(?<=\s)\/[^\s:]+/g) ?? [])])]
}

function libraries(binaries: readonly string[]): string {
  try {
    return execFileSync('ldd', binaries, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch (error) {
    return String((error as { stdout?: string }).stdout ?? '') // a static program among them makes ldd fail at the end
  }
}

/** iptables opens its extensions by name. */
function xtables(): readonly string[] {
  const folder = `/usr/lib/${execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim()}-linux-gnu/xtables`
  const extension = /^lib(?:xt|ipt|ip6t)_(?:standard|mark|MARK|tcp|udp|sctp|icmp|icmp6|multiport)\.so$/
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => extension.test(name))
        .map((name) => join(folder, name))
    : []
}

function copyModules(kernel: string, root: string): void {
  const [release] = readdirSync(join(kernel, 'lib/modules'))
  if (release === undefined)
    throw new OracleError(`${kernel}/lib/modules is empty: is it an unpacked linux-image package?`)
  const all = join(kernel, 'lib/modules', release)
  if (!existsSync(join(all, 'modules.dep.bin'))) run('depmod', ['-b', kernel, release])
  const here = join(root, 'lib/modules', release)
  mkdirSync(here, { recursive: true })
  run('sh', ['-c', 'cp "$0"/modules.* "$1"', all, here])
  const wanted = [...MODULES, ...agentModules()]
  const plan = run('modprobe', ['-d', kernel, '-S', release, '--show-depends', '-a', ...wanted])
  const files = new Set([...plan.matchAll(/^insmod (\S+)/gm)].map((match) => match[1] as string))
  for (const file of files) {
    const within = file.slice(file.indexOf(`/${release}/`) + release.length + 2)
    run('install', ['-D', '-m', '644', file, join(here, within)])
  }
}

/** What the agent loads, as its source names them. */
function agentModules(): readonly string[] {
  const source = readFileSync(join(guestFolder(), 'agent.py'), 'utf8')
  const words = (name: string) => new RegExp(`^${name} = "([^"]*)"`, 'm').exec(source)?.[1]?.split(' ') ?? []
  return [...words('MODULES'), ...words('SCHEDULERS').map((name) => `ip_vs_${name}`)]
}

function copy(root: string, paths: readonly string[]): void {
  run('cp', ['-L', '--parents', ...paths, root])
  const link = join(root, 'usr/bin/python3')
  if (!existsSync(link)) symlinkSync(PYTHON, link)
}

function run(program: string, args: readonly string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const said = String((error as { stderr?: string }).stderr ?? error).trim()
    throw new OracleError(`the initramfs could not be made: ${program}: ${said.split('\n')[0]}`)
  }
}
